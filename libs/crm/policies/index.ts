export { ActivatePolicyCommand } from './commands/activate-policy.command.js';
export { AddPolicyCommand } from './commands/add-policy.command.js';
export { PoliciesHttpModule, PoliciesModule } from './policies.module.js';
