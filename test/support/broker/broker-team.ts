import { CrmUser } from '../crm-user.js';
import type { Program } from '../programs/processes.js';

/** Users of a brokerage: two sellers and two executors, so that one can request the other's resources. */
export class BrokerTeam {
  readonly seller: CrmUser;
  readonly otherSeller: CrmUser;
  readonly executor: CrmUser;
  readonly otherExecutor: CrmUser;
  readonly finance: CrmUser;
  readonly lead: CrmUser;
  readonly admin: CrmUser;

  constructor(api: Program) {
    this.seller = new CrmUser(api, ['ROLE_SALES_AGENT']);
    this.otherSeller = new CrmUser(api, ['ROLE_SALES_AGENT']);
    this.executor = new CrmUser(api, ['ROLE_EXECUTOR']);
    this.otherExecutor = new CrmUser(api, ['ROLE_EXECUTOR']);
    this.finance = new CrmUser(api, ['ROLE_FINANCE_MANAGER']);
    this.lead = new CrmUser(api, ['ROLE_TEAM_LEAD']);
    this.admin = new CrmUser(api, ['ROLE_ADMIN']);
  }
}
