import { Database, type Statement } from '#platform/persistence';
import { createTestDatabase, type TestDatabase } from '#platform/testing';
import { MIGRATIONS } from '../../../../migrations/index.js';
import { LogReader, PLANNED_ONCE } from './log-reader.js';
import { SEQUENCE } from '../publishing/sequencer.js';

const EVENTS = 60_000;
/** md5('1'), as the deals here have it. */
const DEAL = 'c4ca4238-a0b9-2382-0dcc-509a6f75849b';
/** Two years and a half of whole months, since of a month with few events PostgreSQL rightly reads all, whatever day it is. */
const FILL = `
  SELECT crm.add_partition('event_log', month::date)
    FROM generate_series(date_trunc('month', now()) - interval '30 months', now(), interval '1 month') AS month;
  INSERT INTO crm.event_log (id, position, stream, stream_version, type, time, deal_id, audience, data)
    SELECT gen_random_uuid(), n, 'deals/' || n % 500, n / 500, 'deal.updated',
      date_trunc('month', now()) + interval '1 month' - interval '31 months' * (1 - (n - 1) / ${EVENTS}.0), md5((n % 500)::text)::uuid, '{}', jsonb_build_object('text', repeat('x', 300))
    FROM generate_series(1, ${EVENTS}) AS n;
  UPDATE crm.event_cursors SET position = ${EVENTS} WHERE name = 'sequencer';
  ANALYZE crm.event_log;`;

interface Asked {
  readonly statement: Statement;
  readonly values: readonly unknown[];
}

/** What a query did, with the tables that were read from end to end and had rows. */
interface Plan {
  /** Read by the step that read most, whatever became of them. */
  readonly rows: number;
  readonly scanned: readonly string[];
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  /** The mean of its runs, as are those removed. */
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Notes what is asked, and asks it. */
class ListeningDatabase extends Database {
  readonly asked: Asked[] = [];

  constructor(private readonly database: TestDatabase) {
    super(undefined as never, undefined as never);
  }

  override query<R extends object>(statement: Statement, values: readonly unknown[] = []): Promise<R[]> {
    this.asked.push({ statement, values });
    return this.database.rows<R>(statement.text, values);
  }
}

describe('the log in many months', () => {
  let database: TestDatabase;
  let listening: ListeningDatabase;
  let reader: LogReader;

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS, { isScripted: true });
    await database.rows(FILL);
    listening = new ListeningDatabase(database);
    reader = new LogReader(listening);
  });
  beforeEach(() => listening.asked.splice(0));
  afterAll(() => database.drop());

  /** Runs it once more, with a plan for these values and, when it has a name, with one for any, and looks at how. */
  function plansOf({ statement, values }: Asked): Promise<Plan[]> {
    return database.undone(async (client) => {
      const plans: Plan[] = [];
      const literal = (value: unknown) =>
        client.escapeLiteral(Array.isArray(value) ? `{${value.join(',')}}` : String(value));
      const given = values.length > 0 ? `(${values.map(literal).join(', ')})` : '';
      await client.query('DEALLOCATE ALL');
      await client.query(`PREPARE asked AS ${statement.text}; SAVEPOINT before`);
      for (const mode of ['force_custom_plan', ...(statement.name ? ['force_generic_plan'] : [])]) {
        await client.query(`SET LOCAL plan_cache_mode = ${mode}`);
        const explained = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
          `EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE asked${given}`,
        );
        await client.query('ROLLBACK TO before');
        const nodes = flat(explained.rows[0]!['QUERY PLAN'][0].Plan);
        const scanned = nodes.filter((node) => node['Node Type'] === 'Seq Scan' && rowsRead(node) > 0);
        plans.push({
          rows: Math.max(...nodes.map(rowsRead)),
          scanned: scanned.map((node) => node['Relation Name']!).filter((name) => name.startsWith('event_log')),
        });
      }
      return plans;
    });
  }

  const flat = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(flat)];
  const rowsRead = (node: PlanNode): number =>
    node['Actual Loops'] *
    (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0));

  it.each<[string, () => Promise<unknown>, number]>([
    ['at its end', () => reader.readAfter(BigInt(EVENTS - 100), 200), 100],
    ['at its end, when there is nothing new', () => reader.readAfter(BigInt(EVENTS), 200), 1],
    ['from long ago', () => reader.readAfter(1_000n, 200), 200],
    ['of one deal', () => reader.readPage(0n, BigInt(EVENTS), 50, { dealIds: [DEAL], types: [] }), 120],
    ['of some types', () => reader.readPage(0n, 200n, 50, { dealIds: [], types: ['deal.*'] }), 500],
    ['to see where it begins and ends', () => reader.bounds(), 1],
  ])('is read %s by indexes alone, and no more of it than is wanted', async (_what, read, most) => {
    await read();
    expect(listening.asked.length).toBeGreaterThan(0);
    for (const asked of listening.asked) {
      for (const { rows, scanned } of await plansOf(asked)) {
        expect({ scanned, text: asked.statement.text }).toMatchObject({ scanned: [] });
        expect(rows).toBeLessThanOrEqual(most);
      }
    }
  });

  it('needs one question by who follows it, and looks at the present month only', async () => {
    const last = await reader.lastUntil(new Date().toISOString());
    listening.asked.splice(0);
    expect(await reader.readAfter(last! - 100n, 100)).toHaveLength(100);
    expect(listening.asked).toHaveLength(1);
    const { statement, values } = listening.asked[0]!;
    const text = await database.undone(async (client) => {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${statement.text}`, [...values]);
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    });
    const months = new Set(text.match(/event_log_\d{4}_\d{2}(?= )/g));
    expect(months.size).toBeLessThanOrEqual(2);
  });

  it('is numbered by indexes alone', async () => {
    await database.rows(`UPDATE crm.event_log SET position = NULL WHERE position > ${EVENTS - 1_000}`);
    const plans = await plansOf({ statement: SEQUENCE, values: [0] });
    for (const { scanned, rows } of plans) {
      expect(scanned).toEqual([]);
      expect(rows).toBe(1_000);
    }
  });

  it('is numbered by indexes alone also on a plan that was made when there was nothing', async () => {
    const nodes = await database.undone(async (client) => {
      await client.query(
        'CREATE TEMP TABLE kept AS SELECT * FROM crm.event_log; TRUNCATE crm.event_log; ANALYZE crm.event_log',
      );
      await client.query(`${PLANNED_ONCE}; PREPARE numbering AS ${SEQUENCE.text}; EXECUTE numbering(0)`);
      await client.query('INSERT INTO crm.event_log SELECT * FROM kept');
      const explained = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
        'EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE numbering(0)',
      );
      return flat(explained.rows[0]!['QUERY PLAN'][0].Plan);
    });
    const log = nodes.filter((node) => node['Relation Name']?.startsWith('event_log') && rowsRead(node) > 0);
    expect(log.length).toBeGreaterThan(0);
    expect(log.filter((node) => node['Node Type'] === 'Seq Scan')).toEqual([]);
  });
});
