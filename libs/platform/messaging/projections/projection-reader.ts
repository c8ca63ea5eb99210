import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Log } from '#platform/observability';
import { Database, type Lease, statement, UnitOfWork } from '#platform/persistence';
import type pg from 'pg';
import { EventCursor } from '../publishing/event-cursor.js';
import { Leader, type Term } from '../publishing/leader.js';
import { type LoggedEvent, LogReader } from '../outbox/log-reader.js';
import { cursorOf, type Projection } from './projection.js';
import { ProjectionRebuilds } from './projection-rebuilds.js';
import type { ReceivedEvent } from '../subscribing/subscriber.js';
import { LOG_POLL_MS, Wakeup } from '../outbox/wakeup.js';

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
    readonly rebuilds: ProjectionRebuilds,
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
    const { log } = this.resources;
    const reader = await LogReader.forConnection(client);
    let position = await this.open(client, reader, lease);
    while (!signal.aborted) {
      try {
        position = await this.step(reader, position, lease.token, signal);
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error, projection: this.projection.name }, 'projection failed, retrying its batch');
        await rest(RETRY_MS, signal);
        ({ position } = await EventCursor.open(client, cursorOf(this.projection), lease));
      }
    }
  }

  /** @returns the position at which this leader begins. */
  private async open(client: pg.Client, reader: LogReader, lease: Lease): Promise<bigint> {
    const { rebuilds, log } = this.resources;
    const { name } = this.projection;
    const { position } = await EventCursor.open(client, cursorOf(this.projection), lease);
    await rebuilds.register(name, this.projection.reset !== undefined);
    const { first } = await reader.bounds();
    if (position < first - 1n) {
      const fact = 'retention deleted events that the projection had not read; continuing at the oldest stored event';
      log.warn({ projection: name, position: position.toString(), oldest: first.toString() }, fact);
    }
    return position;
  }

  /** Reads one batch, begins a requested rebuild, or waits for events. @returns the position of the cursor after it. */
  private async step(reader: LogReader, position: bigint, token: string, signal: AbortSignal): Promise<bigint> {
    const { last, isRebuildRequested } = await this.resources.rebuilds.taskOf(this.projection.name);
    if (isRebuildRequested && this.projection.reset) return this.reset(position, token);
    if (last === position) {
      await this.wakeup.next(LOG_POLL_MS, signal);
      return position;
    }
    const through = await this.advance(reader, position, last, token);
    // Only at the end of the log: a backlog is read as fast as it can be.
    if (last === through) await rest(this.projection.restMs, signal);
    return through;
  }

  /** Empties the effects and moves the cursor before the first event, in one transaction. */
  private async reset(position: bigint, token: string): Promise<bigint> {
    const { unitOfWork, rebuilds, log } = this.resources;
    await unitOfWork.run(async () => {
      await this.move(position, 0n, token);
      await this.projection.reset!();
      await rebuilds.markStarted(this.projection.name);
    });
    log.info(
      { projection: this.projection.name, from: position.toString() },
      'projection reset, reading the log again',
    );
    return 0n;
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
