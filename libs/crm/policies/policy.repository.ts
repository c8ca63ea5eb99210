import { Injectable } from '@nestjs/common';
import { type ActionOn, forbidden, requireAccess } from '#platform/auth';
import { RuntimeSettings } from '#platform/config';
import { businessDay, type Caller, Clock, type ExpectedVersion, type Instant } from '#platform/kernel';
import { AggregateRepository, AggregateStore } from '#platform/messaging';
import { brokenConstraint, SqlConditions, statement } from '#platform/persistence';
import { HAS_SUCCESSOR, isOver } from './policy-succession.js';
import { Policy } from './policy.entity.js';
import { addPolicyScope } from './policy.scope.js';
import { policyAlreadyRenewed, policyNotFound, policyNumberTaken, quoteAlreadyLinked } from './policy.errors.js';

/** What the database refuses, in the domain's words: the last word on races. */
const CONSTRAINTS: Readonly<Record<string, () => Error>> = {
  policies_number_key: policyNumberTaken,
  policies_quote_key: quoteAlreadyLinked,
  policies_successor_key: policyAlreadyRenewed,
};

/** What is read after these is what others left behind: a statement that waits itself does not see all of it. */
const LOCK_ROW = statement('SELECT id FROM crm.policies WHERE id = $1::uuid FOR NO KEY UPDATE');
const LOCK_LINKED = statement(
  'SELECT id FROM crm.policies WHERE quote_id = $1::uuid AND NOT is_deleted FOR NO KEY UPDATE',
);

const LOCK_DEAL = statement(
  'SELECT d.id FROM crm.policies p JOIN crm.deals d ON d.id = p.deal_id WHERE p.id = $1::uuid FOR SHARE OF d',
);
const LOCK_CLIENT = statement(
  `SELECT c.id FROM crm.policies p JOIN crm.clients c ON c.id = p.client_id
   WHERE p.id = $1::uuid AND p.deal_id IS NULL FOR SHARE OF c`,
);

/** A policy that a row of a file may mean. */
export interface KnownPolicy {
  readonly id: string;
  readonly is_deleted: boolean;
  /** Insurer's and number's key with a line break between; null when no number is taken by it. */
  readonly key: string | null;
}

/** By id, or by keys of insurer and number. */
const NAMED = `(id = ANY ($1::uuid[]) OR id = ANY (ARRAY(
    SELECT p.id FROM unnest($2::text[], $3::text[]) AS k (insurer, number)
    JOIN crm.policies p ON p.insurer_key = k.insurer AND p.number_key = k.number
    WHERE NOT p.is_deleted AND p.close_reason IS DISTINCT FROM 'void')))`;
const LOCK_DEALS = statement(`
  SELECT id FROM crm.deals
  WHERE id = ANY ($4::uuid[]) OR id = ANY (ARRAY(SELECT deal_id FROM crm.policies WHERE ${NAMED}))
  ORDER BY id FOR SHARE`);
const KNOWN = statement(`
  SELECT id, is_deleted,
    CASE WHEN NOT is_deleted AND close_reason IS DISTINCT FROM 'void' THEN insurer_key || E'\\n' || number_key END AS key
  FROM crm.policies WHERE ${NAMED} ORDER BY id FOR NO KEY UPDATE`);

/** Loads policies to be changed and stores them with their journal and events. */
@Injectable()
export class PolicyRepository extends AggregateRepository<Policy> {
  constructor(
    store: AggregateStore,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {
    super(store, Policy);
  }

  /** The present business day. */
  get today(): string {
    return businessDay(this.clock.now(), this.settings.timeZone);
  }

  /**
   * Returns the policy after an access check, and locks it until the unit of work ends.
   * @throws DomainError `policy_not_found` when the caller may not even see it, `forbidden` when it may not do this,
   *   `version_mismatch` when it is not the version the caller saw.
   */
  async load(id: string, caller: Caller, action: ActionOn<'policies'>, expected?: ExpectedVersion): Promise<Policy> {
    await this.lock(id);
    const policy = await this.find(caller, 'read', (p) => `p.id = ${p}::uuid`, id);
    if (!policy) throw policyNotFound();
    requireAccess(caller, 'policies', action);
    if (!(await this.find(caller, action, (p) => `p.id = ${p}::uuid`, id))) throw forbidden();
    policy.expectVersion(expected);
    return policy;
  }

  /**
   * Locks the policy and its deal until the unit of work ends, so that a user who loses the deal receives no later
   * event. Locks the deal first, the order of every caller.
   */
  async lock(id: string): Promise<void> {
    await this.store.database.query(LOCK_DEAL, [id]);
    await this.store.database.query(LOCK_ROW, [id]);
  }

  /**
   * Returns the policy without an access check, for a command that has checked access and locked the row.
   * @throws DomainError `policy_not_found`.
   */
  async loadHeld(id: string): Promise<Policy> {
    const policy = await this.select(new SqlConditions('NOT p.is_deleted'), (p) => `p.id = ${p}::uuid`, id);
    if (!policy) throw policyNotFound();
    return policy;
  }

  /** Returns an overdue policy in force, without an access check. Call it after {@link lock}. */
  loadOver(id: string): Promise<Policy | undefined> {
    const conditions = new SqlConditions('NOT p.is_deleted');
    conditions.add((day) => isOver(`${day}::date`), this.today);
    return this.select(conditions, (p) => `p.id = ${p}::uuid`, id);
  }

  /**
   * Locks the client of a policy without a deal against a merge until the unit of work ends. Call it before
   * {@link load}, the order of every caller.
   * @returns the client when it is locked.
   */
  async lockClient(id: string): Promise<string | undefined> {
    return (await this.store.database.first<{ id: string }>(LOCK_CLIENT, [id]))?.id;
  }

  /** Returns the policy linked to a quote, without an access check: a part of changing the quote. */
  async linkedTo(quoteId: string): Promise<Policy | undefined> {
    await this.store.database.query(LOCK_LINKED, [quoteId]);
    return this.select(new SqlConditions('NOT p.is_deleted'), (p) => `p.quote_id = ${p}::uuid`, quoteId);
  }

  /**
   * Returns the policies with these ids, deleted ones too, or these keys of insurer and number, and locks them and
   * their deals until the unit of work ends. For imports.
   * @param keys insurer's and number's key with a line break between.
   */
  async known(
    ids: readonly string[],
    keys: readonly string[],
    dealIds: readonly string[] = [],
  ): Promise<readonly KnownPolicy[]> {
    const parts = keys.map((key) => key.split('\n'));
    const values = [ids, parts.map(([insurer]) => insurer), parts.map(([, number]) => number)];
    await this.store.database.query(LOCK_DEALS, [...values, dealIds]);
    return this.store.database.query<KnownPolicy>(KNOWN, values);
  }

  /** Stores new policies in one round trip. */
  async addAll(policies: readonly Policy[], now: Instant): Promise<void> {
    await this.insertAll(policies, now);
  }

  /** Stores a new policy, or what changed of a loaded one; nothing when nothing did. */
  async save(policy: Policy, now: Instant): Promise<void> {
    if (policy.currentVersion === policy.loadedVersion) return;
    try {
      await this.write(policy, now);
    } catch (error) {
      const refusal = CONSTRAINTS[brokenConstraint(error) ?? ''];
      throw refusal ? refusal() : error;
    }
  }

  private find(
    caller: Caller,
    action: ActionOn<'policies'>,
    condition: (placeholder: string) => string,
    value: string,
  ): Promise<Policy | undefined> {
    const conditions = new SqlConditions('NOT p.is_deleted');
    addPolicyScope(conditions, requireAccess(caller, 'policies', action));
    return this.select(conditions, condition, value);
  }

  private async select(
    conditions: SqlConditions,
    condition: (placeholder: string) => string,
    value: string,
  ): Promise<Policy | undefined> {
    conditions.add(condition, value);
    const columns = this.mapping.selection
      .split(', ')
      .map((column) => `p.${column}`)
      .join(', ');
    const row = await this.store.database.first<Record<string, unknown> & { has_successor: boolean }>(
      statement(
        `SELECT ${columns}, ${HAS_SUCCESSOR} AS has_successor
         FROM ${this.mapping.table} p WHERE ${conditions.sql}`,
      ),
      conditions.values,
    );
    if (!row) return undefined;
    const policy = this.mapping.hydrate(row);
    policy.hasSuccessor = row.has_successor;
    policy.today = this.today;
    return policy;
  }
}
