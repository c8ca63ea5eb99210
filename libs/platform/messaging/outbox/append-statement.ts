/** What one change appends, as SQL expressions over the row of `source`. */
interface AppendedSql {
  /** A CTE that has one row when the change was written, and none when it was refused. */
  readonly source: string;
  readonly stream: string;
  readonly dealId: string;
  readonly clientId: string;
  readonly actorId: string;
  /** `uuid[]`. */
  readonly audience: string;
  /** A journal entry, of a deal's stream alone. */
  readonly entry: { readonly id: string; readonly kind: string; readonly body: string; readonly data: string } | null;
  /** `jsonb`: `[{ id, type, audience?, data }]`, at least one. */
  readonly events: string;
  readonly trace: string;
  readonly at: string;
}

const NO_HASH = `'\\x${'00'.repeat(32)}'::bytea`;

/**
 * The rest of a statement that began with `WITH <source> AS (…)`: appends one change to journal and log, as
 * `crm.append_changes` does for any number of them, but planned with the statement; a function's own statements would
 * each be started anew. Gives a row for each event.
 *
 * Version, journal number and chain head come out of the stream's locked row: a read before the lock could be stale.
 */
export function appendingOne(change: AppendedSql): string {
  const { source, stream, dealId, clientId, actorId, audience, entry, events, trace, at } = change;
  const eventCount = `jsonb_array_length(${events})`;
  const hash = (before: string, seq: string): string =>
    entry
      ? `crm.journal_hash(${before}, ${dealId}, ${seq}, ${entry.id}, ${entry.kind}, ${actorId}, ${entry.body}, ${entry.data}, ${at})`
      : NO_HASH;
  const next = entry
    ? `version = s.version + ${eventCount}, journal_seq = s.journal_seq + 1, journal_prev_hash = s.journal_hash,
       journal_hash = ${hash('s.journal_hash', 's.journal_seq + 1')}`
    : `version = s.version + ${eventCount}`;
  const head = 's.version, s.journal_seq, s.journal_hash, s.journal_prev_hash';
  return `, moved AS (
      UPDATE crm.event_streams s SET ${next} FROM ${source} WHERE s.stream = ${stream} RETURNING ${head}
    ), begun AS (
      INSERT INTO crm.event_streams AS s (stream, version, journal_seq, journal_prev_hash, journal_hash)
      SELECT ${stream}, ${eventCount}, ${entry ? 1 : 0}, ${NO_HASH}, ${hash(NO_HASH, '1')} FROM ${source}
      WHERE NOT EXISTS (SELECT FROM moved)
      ON CONFLICT (stream) DO UPDATE SET ${next} RETURNING ${head}
    ), head AS (SELECT * FROM moved UNION ALL SELECT * FROM begun)${entry ? journalling(change, entry) : ''}
    INSERT INTO crm.event_log
      (id, stream, stream_version, journal_seq, type, time, actor_id, traceparent, deal_id, client_id, audience, data)
    SELECT (e ->> 'id')::uuid, ${stream}, head.version - ${eventCount} + place::int, ${entry ? 'head.journal_seq' : 'NULL'},
      e ->> 'type', ${at}, ${actorId}, ${trace}, ${dealId}, ${clientId}, ${audienceOfEvent(audience)}, e -> 'data'
    FROM head, jsonb_array_elements(${events}) WITH ORDINALITY AS t (e, place)
    ORDER BY place
    RETURNING 1`;
}

/** Of an event `e`: its own, or that of the change. */
function audienceOfEvent(ofChange: string): string {
  return `CASE WHEN e ? 'audience' THEN ARRAY(SELECT jsonb_array_elements_text(e -> 'audience')::uuid) ELSE ${ofChange} END`;
}

function journalling(change: AppendedSql, entry: NonNullable<AppendedSql['entry']>): string {
  return `, entered AS (
      INSERT INTO crm.journals (id, deal_id, seq, kind, author_id, body, data, hash, prev_hash, created_at)
      SELECT ${entry.id}, ${change.dealId}, journal_seq, ${entry.kind}, ${change.actorId}, ${entry.body}, ${entry.data},
        journal_hash, journal_prev_hash, ${change.at} FROM head)`;
}

/** What {@link oneChangeParameters} gives; the entry is left out of a statement for changes without one. */
interface OneChangeSql extends AppendedSql {
  readonly entry: NonNullable<AppendedSql['entry']>;
}

/** Parameters of one change, numbered from `first`, in the order of `EventLog.oneChange`; those of the entry come last. */
export function oneChangeParameters(source: string, first: number): OneChangeSql {
  const types = [
    'text',
    'uuid',
    'uuid',
    'uuid',
    'uuid[]',
    'jsonb',
    'text',
    'timestamptz',
    'uuid',
    'text',
    'text',
    'jsonb',
  ];
  const [stream, dealId, clientId, actorId, audience, events, trace, at, id, kind, body, data] = types.map(
    (type, index) => `$${first + index}::${type}`,
  ) as [string, string, string, string, string, string, string, string, string, string, string, string];
  const entry = { id, kind, body, data };
  return { source, stream, dealId, clientId, actorId, audience, entry, events, trace, at };
}

/** How {@link appendingEach} appends. */
interface AppendingOptions {
  /** Whether no stream is there before. */
  readonly areBeginnings?: boolean;
  /** An expression over the source's rows that each row of the statement gives beside `key`, the stream. */
  readonly result?: string;
}

/**
 * The rest of a statement that began with `WITH <source> AS (…)`: appends any number of changes to journal and log, each
 * with an entry and to another stream. Gives a row for each event.
 *
 * Version, journal number and chain head come out of the stream's locked row, as in {@link appendingOne}.
 * @param source CTE with a row for each change: the members of `EventLog.changeRecord`.
 */
export function appendingEach(source: string, { areBeginnings = false, result }: AppendingOptions): string {
  const hash = (before: string, seq: string): string =>
    `crm.journal_hash(${before}, c.change_deal_id, ${seq}, c.change_entry_id, c.change_kind, c.change_actor_id,
      c.change_body, c.change_data, c.change_at)`;
  const following = hash('s.journal_hash', 's.journal_seq + 1');
  const next = `journal_seq = s.journal_seq + 1, journal_prev_hash = s.journal_hash, journal_hash`;
  const head = 's.stream AS change_stream, s.version, s.journal_seq, s.journal_hash, s.journal_prev_hash';
  const begin = `INSERT INTO crm.event_streams AS s (stream, version, journal_seq, journal_prev_hash, journal_hash)
      SELECT c.change_stream, jsonb_array_length(c.change_events), 1, ${NO_HASH}, ${hash(NO_HASH, '1')} FROM ${source} c`;
  const heads = areBeginnings
    ? `, head AS (${begin} RETURNING ${head})`
    : `, moved AS (
      UPDATE crm.event_streams s SET version = s.version + jsonb_array_length(c.change_events), ${next} = ${following}
      FROM ${source} c WHERE s.stream = c.change_stream RETURNING ${head}
    ), begun AS (
      ${begin} WHERE NOT EXISTS (SELECT FROM moved WHERE moved.change_stream = c.change_stream)
      ON CONFLICT (stream) DO UPDATE SET version = s.version + excluded.version,
        ${next} = (SELECT ${following} FROM ${source} c WHERE c.change_stream = s.stream)
      RETURNING ${head}
    ), head AS (SELECT * FROM moved UNION ALL SELECT * FROM begun)`;
  const others = result ? `, (SELECT ${result} FROM ${source} c WHERE c.change_stream = l.stream)` : '';
  return `${heads}, entered AS (
      INSERT INTO crm.journals (id, deal_id, seq, kind, author_id, body, data, hash, prev_hash, created_at)
      SELECT change_entry_id, change_deal_id, journal_seq, change_kind, change_actor_id, change_body, change_data,
        journal_hash, journal_prev_hash, change_at
      FROM ${source} JOIN head USING (change_stream)
    )
    INSERT INTO crm.event_log AS l
      (id, stream, stream_version, journal_seq, type, time, actor_id, traceparent, deal_id, client_id, audience, data)
    SELECT (e ->> 'id')::uuid, change_stream, head.version - jsonb_array_length(change_events) + place::int, head.journal_seq,
      e ->> 'type', change_at, change_actor_id, change_trace, change_deal_id, change_client_id,
      ${audienceOfEvent('change_audience')}, e -> 'data'
    FROM ${source} JOIN head USING (change_stream), jsonb_array_elements(change_events) WITH ORDINALITY AS t (e, place)
    ORDER BY change_stream, place
    RETURNING l.stream AS key${others}`;
}
