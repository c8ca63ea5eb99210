import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Log } from '#platform/observability';
import { Database, statement, UnitOfWork } from '#platform/persistence';
import { EventCursor } from '../publishing/event-cursor.js';
import { Leader, type Term } from '../publishing/leader.js';
import { type LoggedEvent, LogReader } from '../outbox/log-reader.js';
import { cursorOf, type Projection } from './projection.js';
import type { ReceivedEvent } from '../subscribing/subscriber.js';
import { Wakeup } from '../outbox/wakeup.js';

/** A lost wake-up costs a second, never an event. */
const POLL_MS = 1_000;
const BATCH = 500;
const RETRY_MS = 1_000;
/** A leader that is frozen within a transaction locks its cursor no longer than its lease lasts. */
const MAX_IDLE_MS = 10_000;

const MOVE = statement(
  `UPDATE crm.event_cursors SET position = $3::bigint, updated_at = now()
   WHERE name = $1::text AND position = $2::bigint AND fence = $4::bigint
     AND set_config('idle_in_transaction_session_timeout', '${MAX_IDLE_MS}', true) IS NOT NULL
   RETURNING position`,
);

/** What every {@link ProjectionReader} works with. */
@Injectable()
export class ProjectionResources {
  constructor(
    readonly database: Database,
    readonly unitOfWork: UnitOfWork,
    readonly log: Log,
  ) {}
}

/** Follows the log for one {@link Projection} while this process leads it. */
export class ProjectionReader {
  private readonly leader: Leader;
  private readonly wakeup = new Wakeup();

  constructor(
    private readonly projection: Projection,
    private readonly resources: ProjectionResources,
  ) {
    const { database, log } = resources;
    this.leader = new Leader(cursorOf(projection), database, log, (term) => this.lead(term));
  }

  start(): void {
    this.leader.start();
  }

  /** Ends after the batch in progress. */
  async stop(): Promise<void> {
    await this.leader.stop();
  }

  wake(): void {
    this.wakeup.wake();
  }

  private async lead({ client, lease, signal }: Term): Promise<void> {
    let { position } = await EventCursor.open(client, cursorOf(this.projection), lease);
    const reader = await LogReader.over(client);
    while (!signal.aborted) {
      try {
        const last = await reader.lastPosition();
        if (last === position) {
          await this.wakeup.next(POLL_MS, signal);
          continue;
        }
        position = await this.advance(reader, position, last, lease.token);
        // Only at the end of the log: a backlog is read as fast as it can be.
        if (last === position) await rest(this.projection.restMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.resources.log.warn(
          { err: error, projection: this.projection.name },
          'projection failed, retrying its batch',
        );
        await rest(RETRY_MS, signal);
        ({ position } = await EventCursor.open(client, cursorOf(this.projection), lease));
      }
    }
  }

  /** @returns the position of the cursor after one batch. */
  private async advance(reader: LogReader, position: bigint, last: bigint, token: string): Promise<bigint> {
    const { unitOfWork } = this.resources;
    const filter = { dealIds: [], types: this.projection.types };
    const { events, through } = await reader.readPage(position, last, BATCH, filter);
    await unitOfWork.run(async () => {
      // First: it locks the cursor, so that the next leader waits for this transaction, and a former one writes nothing.
      await this.move(position, through, token);
      if (events.length > 0) await this.projection.project(events.map(received));
    });
    return through;
  }

  private async move(from: bigint, to: bigint, token: string): Promise<void> {
    const values = [cursorOf(this.projection), from.toString(), to.toString(), token];
    const moved = await this.resources.database.query(MOVE, values);
    if (moved.length === 0) throw new Error('the cursor was moved by another process');
  }
}

function received(event: LoggedEvent): ReceivedEvent {
  return { ...event, data: JSON.parse(event.data) as Record<string, unknown> };
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
