import { type Statement, statement } from '#platform/persistence';

/** How far a reader of the log is behind. */
export interface ReaderLag {
  readonly name: string;
  /** Events it has still to deal with. */
  readonly lag: number;
  /** Seconds since the oldest of them was appended. */
  readonly age: number;
}

/** Committed events that have no position yet. */
export interface Unsequenced {
  readonly count: number;
  /** Seconds since the oldest of them was appended. */
  readonly age: number;
}

/** Runs a named statement without parameters. */
type Ask = <R extends object>(statement: Statement) => Promise<readonly R[]>;

const LAG = statement(
  `SELECT c.name, (s.position - c.position)::int AS lag,
     coalesce(extract(epoch FROM now() -
       (SELECT coalesce(appended_at, time) FROM crm.event_log e WHERE e.position > c.position ORDER BY e.position LIMIT 1)), 0)::float8 AS age
   FROM (SELECT name, position FROM crm.event_cursors WHERE name <> 'sequencer' UNION ALL
     SELECT 'bookmark/' || name, position FROM crm.event_bookmarks) c, crm.event_cursors s WHERE s.name = 'sequencer'`,
);
const UNSEQUENCED = statement(
  `SELECT count(*)::int AS count, coalesce(extract(epoch FROM now() - min(coalesce(appended_at, time))), 0)::float8 AS age
   FROM crm.event_log WHERE position IS NULL`,
);

/** Every reader with a cursor, and every bookmark as `bookmark/<name>`. */
export function readerLags(ask: Ask): Promise<readonly ReaderLag[]> {
  return ask<ReaderLag>(LAG);
}

export async function unsequenced(ask: Ask): Promise<Unsequenced> {
  return (await ask<Unsequenced>(UNSEQUENCED))[0] ?? { count: 0, age: 0 };
}
