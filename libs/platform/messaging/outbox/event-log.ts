import { Injectable } from '@nestjs/common';
import { type Instant, newId } from '#platform/kernel';
import { AsyncVariable, RequestContext } from '#platform/observability';
import { Database, statement, UnitOfWork } from '#platform/persistence';
import type { Audience } from '../events/audience.js';
import type { LoggedFact } from '../events/event-type.js';
import { LogSignal } from './log-signal.js';

/** What one change adds to a stream: its events and, on a deal, the journal entry. */
export interface Change {
  /** `deals/<id>`, `clients/<id>`, `policies/<id>`: the unit of ordering. */
  readonly stream: string;
  readonly dealId?: string;
  readonly clientId?: string;
  /** Who did it; null for what happens by itself. */
  readonly actorId: string | null;
  readonly audience: Audience;
  readonly entry?: {
    readonly id?: string;
    readonly kind: 'note' | 'system';
    readonly body: string;
    readonly data: object;
  };
  readonly events: readonly LoggedFact[];
}

/** A stream after a change was appended. */
export interface StreamHead {
  readonly stream: string;
  readonly version: number;
  readonly journal_seq: number;
  /** SHA-256 in hex. */
  readonly journal_hash: string;
  readonly journal_prev_hash: string;
}

/** An event stays under 64 KiB, envelope included. */
const MAX_DATA_BYTES = 60 * 1024;
/** Of UTF-8, for each unit of UTF-16 that a string's length counts. */
const MOST_BYTES_A_CHARACTER = 3;

const APPEND = statement('SELECT crm.append_changes($1::jsonb, $2::text, $3::timestamptz) AS heads');

/** `name type` of what {@link EventLog.changeRecord} adds to a record. */
export const CHANGE_MEMBERS = [
  'change_stream text',
  'change_deal_id uuid',
  'change_client_id uuid',
  'change_actor_id uuid',
  'change_audience uuid[]',
  'change_trace text',
  'change_at timestamptz',
  'change_entry_id uuid',
  'change_kind text',
  'change_body text',
  'change_data jsonb',
  'change_events jsonb',
] as const;

/**
 * The outbox: appended events commit with the rows they describe, or not at all.
 * Nothing is published from a request.
 */
@Injectable()
export class EventLog {
  private readonly collecting = new AsyncVariable<Change[]>();

  constructor(
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly signal: LogSignal,
  ) {}

  /** Adds a change to the write in hand; for event handlers that run while an aggregate is being saved. */
  record(change: Change): void {
    const changes = this.collecting.get();
    if (!changes) throw new Error("record() belongs into the handler of an aggregate's event; use append() elsewhere");
    changes.push(change);
  }

  /** Runs `publish` and returns the changes recorded meanwhile, in order. */
  async collect(publish: () => Promise<unknown>): Promise<readonly Change[]> {
    const changes: Change[] = [];
    await this.collecting.run(changes, publish);
    return changes;
  }

  /** Appends in the open unit of work; for jobs and commands that save no aggregate. */
  async append(changes: readonly Change[], at: Instant): Promise<readonly StreamHead[]> {
    const row = await this.database.first<{ heads: StreamHead[] }>(APPEND, this.parameters(changes, at));
    return row?.heads ?? [];
  }

  /** The parameters of `crm.append_changes`, for a statement that calls it; wakes the readers after the commit. */
  parameters(changes: readonly Change[], at: Instant): [string, string | null, Instant] {
    this.wake();
    const text = JSON.stringify(changes.map(rowOf));
    if (text.length > MAX_DATA_BYTES / MOST_BYTES_A_CHARACTER) refuseLargeEvents(changes);
    return [text, RequestContext.current()?.traceparent ?? null, at];
  }

  /** The parameters of a statement that appends this change by itself, in the order of `oneChangeParameters`. */
  oneChange(change: Change, at: Instant): unknown[] {
    this.wake();
    const { stream, deal_id = null, client_id = null, actor_id, audience, entry, events } = rowOf(change);
    const text = JSON.stringify(events);
    if (text.length > MAX_DATA_BYTES / MOST_BYTES_A_CHARACTER) refuseLargeEvents([change]);
    const trace = RequestContext.current()?.traceparent ?? null;
    return [
      ...[stream, deal_id, client_id, actor_id, audience, text, trace, at],
      ...(entry ? [entry.id, entry.kind, entry.body, JSON.stringify(entry.data)] : []),
    ];
  }

  /**
   * What this change appends, as members {@link CHANGE_MEMBERS} of a JSON object, for a statement that writes many.
   * @param record what else is in it, to which they are added.
   * @returns the object as text.
   */
  changeRecord(record: Record<string, unknown>, change: Change, at: Instant): string {
    this.wake();
    const { stream, deal_id, client_id, actor_id, audience, entry, events } = rowOf(change);
    record.change_stream = stream;
    record.change_deal_id = deal_id;
    record.change_client_id = client_id;
    record.change_actor_id = actor_id;
    record.change_audience = audience;
    record.change_trace = RequestContext.current()?.traceparent;
    record.change_at = at;
    record.change_entry_id = entry?.id;
    record.change_kind = entry?.kind;
    record.change_body = entry?.body;
    record.change_data = entry?.data;
    record.change_events = events;
    const text = JSON.stringify(record);
    if (text.length > MAX_DATA_BYTES / MOST_BYTES_A_CHARACTER) refuseLargeEvents([change]);
    return text;
  }

  /** Lets the readers know after the commit. Without one to come they would look before there is anything to see. */
  private wake(): void {
    if (!this.unitOfWork.isOpen) throw new Error('events are appended in a unit of work: open one');
    this.unitOfWork.afterCommit(() => this.signal.appended());
  }
}

function rowOf(change: Change) {
  return {
    stream: change.stream,
    deal_id: change.dealId,
    client_id: change.clientId,
    actor_id: change.actorId,
    audience: change.audience,
    entry: change.entry && { id: newId(), ...change.entry },
    events: change.events.map(({ id = newId(), type, data, audience }) => ({ id, type, data, audience })),
  };
}

function refuseLargeEvents(changes: readonly Change[]): void {
  for (const { type, data } of changes.flatMap(({ events }) => events)) {
    const bytes = Buffer.byteLength(JSON.stringify(data));
    if (bytes > MAX_DATA_BYTES) throw new Error(`event ${type} has ${bytes} bytes of data, over ${MAX_DATA_BYTES}`);
  }
}
