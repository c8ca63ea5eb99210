import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RemindersModule } from '#platform/reminders';
import { ActivatePolicyHandler } from './commands/activate-policy.command.js';
import { AddPolicyHandler } from './commands/add-policy.command.js';
import { ClosePolicyHandler } from './commands/close-policy.command.js';
import { DeletePolicyHandler } from './commands/delete-policy.command.js';
import {
  DraftPolicyFromQuoteHandler,
  LinkPolicyToQuoteHandler,
  ReleaseQuoteHandler,
} from './commands/quoted-policy.commands.js';
import { ExpirePolicyHandler } from './commands/expire-policy.command.js';
import { MovePoliciesHandler } from './commands/move-policies.command.js';
import { RenewPolicyHandler } from './commands/renew-policy.command.js';
import { RevisePolicyHandler } from './commands/revise-policy.command.js';
import { DealMoney } from './deal-money.js';
import { PolicyImporter } from './imports/policy-importer.js';
import { PoliciesController } from './policies.controller.js';
import { PoliciesPublisher } from './policies.publisher.js';
import { PolicyExportsController } from './exports/policy-exports.controller.js';
import { Policy } from './policy.entity.js';
import { PolicyClosing } from './policy-closing.js';
import { POLICY_REMINDERS } from './reminders/policy-reminders.js';
import { PolicyRepository } from './policy.repository.js';
import { ExportPoliciesHandler } from './queries/export-policies.query.js';
import { GetPolicyHandler, PolicyInScopeHandler } from './queries/get-policy.query.js';
import { ListPoliciesHandler } from './queries/list-policies.query.js';
import { PoliciesOfClientHandler } from './queries/policies-of-client.query.js';

const COMMANDS = [
  AddPolicyHandler,
  RevisePolicyHandler,
  ActivatePolicyHandler,
  ClosePolicyHandler,
  ExpirePolicyHandler,
  RenewPolicyHandler,
  DeletePolicyHandler,
  MovePoliciesHandler,
];
/** Handlers of the contracts that quotes use. */
const FOR_QUOTES = [LinkPolicyToQuoteHandler, ReleaseQuoteHandler, DraftPolicyFromQuoteHandler];
const QUERIES = [
  ExportPoliciesHandler,
  GetPolicyHandler,
  ListPoliciesHandler,
  PolicyInScopeHandler,
  PoliciesOfClientHandler,
];

/** What a policy is and can do. */
@Module({
  imports: [TypeOrmModule.forFeature([Policy])],
  providers: [DealMoney, PolicyRepository, PolicyImporter, PoliciesPublisher, ...COMMANDS, ...FOR_QUOTES, ...QUERIES],
})
export class PoliciesModule {}

/** Its routes. */
@Module({ imports: [PoliciesModule], controllers: [PoliciesController, PolicyExportsController] })
export class PoliciesHttpModule {}

/** Background work for policies. */
@Module({
  imports: [PoliciesModule, RemindersModule.forFeature(...POLICY_REMINDERS)],
  providers: [PolicyClosing],
})
export class PoliciesWorkerModule {}
