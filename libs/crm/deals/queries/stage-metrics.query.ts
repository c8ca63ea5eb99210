import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { DEAL_PLANNED_MONEY } from '#crm/payments/contracts';
import { expectedPremiumOf } from '#crm/quotes/contracts';
import { requireAccess } from '#platform/auth';
import { RuntimeSettings } from '#platform/config';
import { businessDay, type CalendarDate, type Caller, Clock, type Instant } from '#platform/kernel';
import { ReadReplica, type SqlConditions, statement } from '#platform/persistence';
import { type Stage, STAGES } from '../contracts.js';
import { OPEN_STATUSES, stageOf, statusesOf } from '../deal-stage.js';
import { dealConditions, type DealFilter } from './list-deals.query.js';

interface CurrencyTotal {
  readonly currency: string;
  readonly amount: string;
}

/** How one stage of the funnel stands. */
export interface StageMetric {
  readonly stage: Stage;
  readonly count: number;
  /** Planned money per currency; amounts are decimal strings, never added across currencies. */
  readonly total_value: readonly CurrencyTotal[];
  /** The premium that open deals are expected to bring, in the same form; empty for a closed stage. */
  readonly expected_premium: readonly CurrencyTotal[];
  /** Share of all matching deals, 0..1. */
  readonly conversion_rate: number;
  /** Mean days from opening to closing, or until now for open deals; null without deals. */
  readonly avg_cycle_duration_days: number | null;
}

/** The funnel over the deals that a list with the same filter would show. */
export class StageMetricsQuery extends Query<readonly StageMetric[]> {
  constructor(
    readonly caller: Caller,
    readonly filter: DealFilter,
  ) {
    super();
  }
}

@QueryHandler(StageMetricsQuery)
export class StageMetricsHandler implements IQueryHandler<StageMetricsQuery> {
  constructor(
    private readonly replica: ReadReplica,
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {}

  async execute({ caller, filter }: StageMetricsQuery): Promise<readonly StageMetric[]> {
    const now = this.clock.now();
    const scope = requireAccess(caller, 'metrics', 'read');
    const { timeZone } = this.settings;
    const today = businessDay(now, timeZone);
    const conditions = dealConditions(filter, scope, today);
    conditions.addRanges(filter.ranges ?? [], timeZone);
    const [rows, planned, expected] = await Promise.all([
      this.counts(conditions, now),
      this.plannedMoney(conditions),
      this.expectedPremium(conditions, today),
    ]);
    const all = rows.reduce((sum, { count }) => sum + count, 0);
    return STAGES.map((stage) => {
      const own = rows.filter(({ status }) => stageOf(status) === stage);
      const count = own.reduce((sum, row) => sum + row.count, 0);
      const seconds = own.reduce((sum, row) => sum + row.seconds, 0);
      return {
        stage,
        count,
        total_value: totalsOf(planned, stage),
        expected_premium: totalsOf(expected, stage),
        conversion_rate: all === 0 ? 0 : count / all,
        avg_cycle_duration_days: count === 0 ? null : seconds / count / 86_400,
      };
    });
  }

  private counts({ sql, values, nextParameter }: SqlConditions, now: Instant): Promise<CountRow[]> {
    return this.replica.query<CountRow>(
      statement(
        `SELECT d.status, count(*)::int AS count,
           sum(extract(epoch FROM coalesce(d.closed_at, $${nextParameter}::timestamptz) - d.created_at))::float8 AS seconds
         FROM crm.deals d WHERE ${sql} GROUP BY d.status`,
      ),
      [...values, now],
    );
  }

  private plannedMoney(conditions: SqlConditions): Promise<MoneyRow[]> {
    return this.money(conditions, `JOIN ${DEAL_PLANNED_MONEY} m ON m.deal_id = d.id`);
  }

  /** Reads the quotes deal by deal: of a seller's deals they are few of all. */
  private expectedPremium(given: SqlConditions, today: CalendarDate): Promise<MoneyRow[]> {
    const conditions = given.copy();
    conditions.add((codes) => `d.status = ANY (${codes}::text[])`, OPEN_STATUSES);
    const premium = expectedPremiumOf('d.id', `${conditions.parameter(today)}::date`);
    return this.money(conditions, `CROSS JOIN LATERAL ${premium} m`);
  }

  /** Summed per stage by PostgreSQL: an older code of a stage counts with the present one, however many digits it takes. */
  private money({ sql, values, nextParameter }: SqlConditions, join: string): Promise<MoneyRow[]> {
    const codes = STAGES.flatMap((stage) => statusesOf(stage).map((status) => ({ status, stage })));
    return this.replica.query<MoneyRow>(
      statement(
        `SELECT s.stage, m.currency, sum(m.amount)::text AS amount
         FROM crm.deals d ${join}
           JOIN unnest($${nextParameter}::text[], $${nextParameter + 1}::text[]) AS s (status, stage) ON s.status = d.status
         WHERE ${sql} GROUP BY s.stage, m.currency ORDER BY m.currency`,
      ),
      [...values, codes.map(({ status }) => status), codes.map(({ stage }) => stage)],
    );
  }
}

function totalsOf(rows: readonly MoneyRow[], stage: Stage): readonly CurrencyTotal[] {
  return rows.filter((row) => row.stage === stage).map(({ currency, amount }) => ({ currency, amount }));
}

interface CountRow {
  readonly status: string;
  readonly count: number;
  readonly seconds: number;
}

interface MoneyRow {
  readonly stage: string;
  readonly currency: string;
  readonly amount: string;
}
