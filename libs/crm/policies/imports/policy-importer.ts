import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ClientInScopeQuery } from '#crm/clients/contracts';
import { DealInScopeQuery } from '#crm/deals/contracts';
import {
  type CheckedRow,
  type DuplicateRule,
  idConflict,
  idRefused,
  type ImportContext,
  Importer,
  type ImportRow,
  type RowClaims,
  RowOutcome,
} from '#crm/imports/contracts';
import { validatedBody } from '#platform/http';
import { newId } from '#platform/kernel';
import { newPolicyFacts, policyFacts } from '../policy.dto.js';
import { Policy } from '../policy.entity.js';
import {
  closeReasonRequired,
  policyNumberTaken,
  policyTransitionForbidden,
  subjectNotChangeable,
  subjectRequired,
} from '../policy.errors.js';
import { isClient, requireClientOfDeal } from '../policy-client.js';
import { POLICY_FILE_COLUMNS } from '../exports/policy-file.js';
import { insurerKey } from '../contracts.js';
import { numberKey } from '../policy-number.js';
import { type KnownPolicy, PolicyRepository } from '../policy.repository.js';
import { PolicyRowDto } from './policy-row.dto.js';

type Row = CheckedRow<PolicyRowDto>;
type Place = Pick<Parameters<typeof Policy.draft>[0], 'clientId' | 'dealId' | 'ownerId'>;

/** Adds policies as far as they are in their life, or changes those known by id, or by insurer and number. */
@Injectable()
export class PolicyImporter extends Importer {
  readonly kind = 'policies';
  readonly columns = POLICY_FILE_COLUMNS;
  readonly required = [] as const;
  readonly duplicateRules: readonly DuplicateRule[] = ['refuse', 'skip', 'update'];

  constructor(
    private readonly policies: PolicyRepository,
    private readonly queries: QueryBus,
  ) {
    super();
  }

  /** Locks all policies first: a change locks its deal's stream, and a transaction that waits for it may lock a policy. */
  override async lock(rows: readonly ImportRow[]): Promise<void> {
    await this.known(await new RowOutcome().checked(rows, (cells) => checkedRow(cells)));
  }

  async take(rows: readonly ImportRow[], context: ImportContext, outcome: RowOutcome): Promise<void> {
    const checked = await outcome.checked(rows, (cells) => checkedRow(cells));
    const claims = await outcome.claims(checked, claimsOf, context);
    const known = await this.known(checked);
    const { fresh, meetings, behind } = sorted(checked, known, outcome);
    await this.add(fresh, context, outcome, claims);
    // After the new ones, whose numbers they then see.
    for (const { met, row } of meetings) {
      await claims.accept(row.line, () => this.meet(met, row, context, outcome));
    }
    await this.add(behind, context, outcome, claims);
    await claims.store();
  }

  private async add(
    rows: readonly Row[],
    context: ImportContext,
    outcome: RowOutcome,
    claims: RowClaims,
  ): Promise<void> {
    const added: Policy[] = [];
    for (const { line, body } of rows) {
      await claims.accept(line, async () => {
        const policy = await outcome.attempt(line, () => this.draft(body, context));
        if (policy) added.push(policy);
      });
    }
    if (!context.isDryRun) await this.policies.addAll(added, context.now);
    outcome.created += added.length;
  }

  /** By id, and by insurer and number where it has both. */
  private async known(rows: readonly Row[]): Promise<ReadonlyMap<string, KnownPolicy>> {
    const ids = rows.flatMap(({ body: { id } }) => (id ? [id] : []));
    const keys = rows.flatMap(({ body }) => keyOf(body) ?? []);
    const dealIds = rows.flatMap(({ body: { deal_id } }) => deal_id ?? []);
    const known = await this.policies.known(ids, keys, dealIds);
    const named = new Map(known.map((policy) => [policy.id, policy]));
    for (const policy of known) if (policy.key !== null) named.set(policy.key, policy);
    return named;
  }

  private async draft(body: PolicyRowDto, { caller, now }: ImportContext): Promise<Policy> {
    const place = await this.place(body, caller);
    const origin = { ...place, id: body.id ?? newId(), quoteId: null, renewsPolicyId: null };
    const policy = Policy.draft(origin, newPolicyFacts(body), this.policies.today, caller.userId, now);
    lead(policy, body, caller.userId, now);
    return policy;
  }

  private async place(body: PolicyRowDto, caller: ImportContext['caller']): Promise<Place> {
    const { deal_id: dealId, client_id: clientId, owner_id: ownerId = null } = body;
    if (dealId) {
      const deal = await this.queries.execute(new DealInScopeQuery(caller, dealId, true));
      if (clientId) await requireClientOfDeal(this.queries, clientId, deal.clientId);
      return { clientId: deal.clientId, dealId, ownerId: deal.ownerId };
    }
    if (!clientId) throw subjectRequired();
    const client = await this.queries.execute(new ClientInScopeQuery(caller, clientId, true, 'create'));
    return { clientId: client.id, dealId: null, ownerId };
  }

  /** What becomes of a row whose policy is known. */
  private async meet(known: KnownPolicy, { line, body }: Row, context: ImportContext, outcome: RowOutcome) {
    const { caller, duplicates, isDryRun, now } = context;
    if (known.is_deleted) return outcome.refuse(line, idRefused(known));
    if (duplicates === 'refuse')
      return outcome.refuse(line, known.id === body.id ? idRefused(known) : policyNumberTaken());
    if (duplicates === 'skip') return void outcome.skipped++;
    if (body.id && body.id !== known.id) return outcome.refuse(line, idConflict());
    const isDone = await outcome.attempt(line, async () => {
      const policy = await this.policies.loadHeld(known.id);
      const { deal_id: dealId, client_id: clientId } = policy.view;
      const isSameClient = !body.client_id || (await isClient(this.queries, body.client_id, clientId));
      if ((body.deal_id ?? dealId) !== dealId || !isSameClient) throw subjectNotChangeable();
      policy.revise(policyFacts(body), caller.userId, now);
      if (body.status !== policy.view.status || body.close_reason !== (policy.view.close_reason ?? undefined))
        lead(policy, body, caller.userId, now);
      await this.requireFreeNumber(policy, known);
      if (!isDryRun) await this.policies.save(policy, now);
      return true;
    });
    if (isDone) outcome.updated++;
  }

  /**
   * Of a row with one of insurer and number, the other is the policy's own. Asked before: a refusal by the database
   * would undo the other rows too.
   * @throws DomainError `policy_number_taken`.
   */
  private async requireFreeNumber({ key }: Policy, before: KnownPolicy): Promise<void> {
    if (key === null || key === before.key) return;
    if ((await this.policies.known([], [key])).length > 0) throw policyNumberTaken();
  }
}

/**
 * New rows, rows of known policies, and new rows that share a key with an earlier row of a known policy: they wait until
 * that one is accepted or refused.
 */
function sorted(rows: readonly Row[], known: ReadonlyMap<string, KnownPolicy>, outcome: RowOutcome) {
  const fresh: Row[] = [];
  const behind: Row[] = [];
  const meetings: { met: KnownPolicy; row: Row }[] = [];
  const keysOfMeetings = new Set<string>();
  for (const row of rows) {
    const keys = claimsOf(row.body).filter((key) => key !== undefined);
    const [byId, byKey] = [row.body.id, keyOf(row.body)].map((name) => (name ? known.get(name) : undefined));
    const met = byId ?? byKey;
    if (byId && byKey && byId !== byKey) outcome.refuse(row.line, policyNumberTaken());
    else if (met) {
      meetings.push({ met, row });
      for (const key of keys) keysOfMeetings.add(key);
    } else if (keys.some((key) => keysOfMeetings.has(key))) behind.push(row);
    else fresh.push(row);
  }
  return { fresh, meetings, behind };
}

/** What no other row of the file may share. */
function claimsOf(body: PolicyRowDto): (string | undefined)[] {
  return [body.id && `id ${body.id}`, keyOf(body)];
}

/** The policy's life up to where the row says that it is. */
function lead(policy: Policy, { status, close_reason: reason }: PolicyRowDto, actorId: string, now: string): void {
  const { status: from } = policy.view;
  if (status === 'draft' && from !== 'draft') throw policyTransitionForbidden(from, status);
  if (status !== undefined && status !== 'draft' && from === 'draft') policy.activate(actorId, now);
  if (status === 'closed') policy.close(reason!, actorId, now);
}

function checkedRow(cells: ImportRow['cells']): PolicyRowDto {
  const body = validatedBody(PolicyRowDto, cells);
  if ((body.status === 'closed') !== (body.close_reason !== undefined)) throw closeReasonRequired();
  return body;
}

/** Insurer and number as policies are compared by them; undefined where that can't be, or needn't. */
function keyOf(body: PolicyRowDto): string | undefined {
  const { insurance_company: insurer, policy_number: number, close_reason: reason } = body;
  return insurer && number && reason !== 'void' ? `${insurerKey(insurer)}\n${numberKey(number)}` : undefined;
}
