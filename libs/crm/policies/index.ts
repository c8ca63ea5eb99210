export { ActivatePolicyCommand } from './commands/activate-policy.command.js';
export { AddPolicyCommand } from './commands/add-policy.command.js';
export { ClosePolicyCommand } from './commands/close-policy.command.js';
export { RenewPolicyCommand } from './commands/renew-policy.command.js';
export { RevisePolicyCommand } from './commands/revise-policy.command.js';
export { PoliciesHttpModule, PoliciesModule, PoliciesWorkerModule } from './policies.module.js';
export { POLICY_EVENT_TYPES } from './policy.event-types.js';
export { PolicyResource } from './policy.dto.js';
export { GetPolicyQuery } from './queries/get-policy.query.js';
