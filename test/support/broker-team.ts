import { CrmUser } from './crm-user.js';
import type { Program } from './processes.js';

/** A brokerage at work: two of everybody who shares the work, so that one can look for what is the other's. */
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
