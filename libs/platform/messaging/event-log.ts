import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import { type Instant, newId } from '#platform/kernel';
import { RequestContext } from '#platform/observability';
import { Database, statement, UnitOfWork } from '#platform/persistence';
import type { LoggedFact } from './event-type.js';
import { LogSignal } from './log-signal.js';

/** What one change adds to a stream: its events and, on a deal, the journal entry. */
export interface Change {
  /** `deals/<id>`, `clients/<id>`, `policies/<id>`: the unit of ordering. */
  readonly stream: string;
  readonly dealId?: string;
  readonly clientId?: string;
  /** Who did it; null for what happens by itself. */
  readonly actorId: string | null;
  /** Users who may see the events beside those whose role sees all. */
  readonly audience: readonly string[];
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

const APPEND = statement('SELECT crm.append_changes($1::jsonb, $2::text, $3::timestamptz) AS heads');

/**
 * The outbox: what is appended here commits with the rows it tells of, or not at all.
 * Nothing is published from a request.
 */
@Injectable()
export class EventLog {
  private readonly collecting = new AsyncLocalStorage<Change[]>();

  constructor(
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly signal: LogSignal,
  ) {}

  /** Adds a change to the write in hand; for event handlers that run while an aggregate is being saved. */
  record(change: Change): void {
    const changes = this.collecting.getStore();
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
    this.unitOfWork.afterCommit(() => this.signal.appended());
    return [JSON.stringify(changes.map(rowOf)), RequestContext.current()?.traceparent ?? null, at];
  }
}

function rowOf(change: Change): object {
  return {
    stream: change.stream,
    deal_id: change.dealId,
    client_id: change.clientId,
    actor_id: change.actorId,
    audience: change.audience,
    entry: change.entry && { id: newId(), ...change.entry },
    events: change.events.map(({ id = newId(), type, data, audience }) => {
      const bytes = Buffer.byteLength(JSON.stringify(data));
      if (bytes > MAX_DATA_BYTES) throw new Error(`event ${type} has ${bytes} bytes of data, over ${MAX_DATA_BYTES}`);
      return { id, type, data, audience };
    }),
  };
}
