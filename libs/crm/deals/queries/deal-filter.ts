import { survivorOf } from '#crm/clients/contracts';
import { addScope, type Scope } from '#platform/auth';
import { addDays, type CalendarDate } from '#platform/kernel';
import { SqlConditions } from '#platform/persistence';
import type { Stage } from '../contracts.js';
import { statusesOf } from '../deal-stage.js';

/** Horizons of the next review, in days; `all` has none. */
export const PERIODS = { '7d': 7, '30d': 30, '90d': 90, all: null } as const;
export type Period = keyof typeof PERIODS;

/** Which deals are meant; what is absent doesn't narrow. */
export interface DealFilter {
  readonly stages?: readonly Stage[];
  /** Owners' UUIDs; null means deals without an owner. */
  readonly managers?: readonly (string | null)[];
  readonly executorId?: string;
  /** Of a merged client: its survivor's deals. */
  readonly clientId?: string;
  readonly period?: Period;
  /** Part of title or description, in any case; `%` and `_` mean themselves. */
  readonly search?: string;
}

/** The filter and the scope as conditions on `crm.deals d`, the same for lists, totals and metrics. */
export function dealConditions(filter: DealFilter, scope: Scope, today: CalendarDate): SqlConditions {
  const where = new SqlConditions('NOT d.is_deleted');
  addScope(where, scope, 'd');
  if (filter.stages) where.add((p) => `d.status = ANY (${p}::text[])`, filter.stages.flatMap(statusesOf));
  if (filter.managers) addManagers(where, filter.managers);
  if (filter.executorId) where.add((p) => `d.executor_id = ${p}::uuid`, filter.executorId);
  if (filter.clientId) where.add((p) => `d.client_id = ${survivorOf(p)}`, filter.clientId);
  const days = filter.period ? PERIODS[filter.period] : null;
  if (days !== null) where.add((p) => `d.next_review_at <= ${p}::date`, addDays(today, days));
  if (filter.search) {
    where.addSearch(`lower(d.title || E'\\n' || coalesce(d.description, ''))`, filter.search);
  }
  return where;
}

function addManagers(where: SqlConditions, managers: NonNullable<DealFilter['managers']>): void {
  const ids = managers.filter((id) => id !== null);
  const unowned = ids.length < managers.length ? ' OR d.owner_id IS NULL' : '';
  if (managers.length > 1) where.planEachTime();
  if (ids.length === 1) where.add((p) => `(d.owner_id = ${p}::uuid${unowned})`, ids[0]);
  else where.add((p) => `(d.owner_id = ANY (${p}::uuid[])${unowned})`, ids);
}
