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
  /** Who did it; null for automatic changes. */
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
}

/** An event stays under 64 KiB, envelope included. */
const MAX_DATA_BYTES = 60 * 1024;
/** Of UTF-8, for each unit of UTF-16 that a string's length counts. */
const MAX_BYTES_PER_UNIT = 3;

/** The migration 1764000031000 defines the present body of the function. */
const APPEND = statement('SELECT stream, version, journal_seq FROM crm.append_to_streams($1::jsonb)');

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

  /** Adds a change to the current write; for event handlers that run while an aggregate is being saved. */
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
    return this.database.query<StreamHead>(APPEND, [this.jsonOf(changes, at)]);
  }

  /** The changes as JSON, for a statement that calls `crm.append_to_streams`; wakes the readers after the commit. */
  jsonOf(changes: readonly Change[], at: Instant): string {
    this.wake();
    const trace = RequestContext.current()?.traceparent;
    const json = JSON.stringify(changes.map((change) => recordOf(change, trace, at)));
    if (json.length > MAX_DATA_BYTES / MAX_BYTES_PER_UNIT) refuseLargeEvents(changes);
    return json;
  }

  /** Lets the readers know after the commit. Outside a transaction they would be woken before the events are committed. */
  private wake(): void {
    if (!this.unitOfWork.isOpen) throw new Error('events are appended in a unit of work: open one');
    this.unitOfWork.afterCommit(() => this.signal.appended());
  }
}

function recordOf(change: Change, trace: string | undefined, at: Instant): object {
  const { entry, events } = change;
  return {
    stream: change.stream,
    deal_id: change.dealId,
    client_id: change.clientId,
    actor_id: change.actorId,
    audience: change.audience,
    trace,
    at,
    entry_id: entry && (entry.id ?? newId()),
    entry_kind: entry?.kind,
    entry_body: entry?.body,
    entry_data: entry?.data,
    events: events.map(({ id = newId(), type, data, audience }) => ({ id, type, data, audience })),
  };
}

function refuseLargeEvents(changes: readonly Change[]): void {
  for (const { type, data } of changes.flatMap(({ events }) => events)) {
    const bytes = Buffer.byteLength(JSON.stringify(data));
    if (bytes > MAX_DATA_BYTES) throw new Error(`event ${type} has ${bytes} bytes of data, over ${MAX_DATA_BYTES}`);
  }
}
