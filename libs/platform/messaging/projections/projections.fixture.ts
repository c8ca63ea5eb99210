import { type INestApplicationContext, Injectable, type Type } from '@nestjs/common';
import { BusModule } from '#platform/cqrs';
import { newId } from '#platform/kernel';
import { Database, statement, UnitOfWork } from '#platform/persistence';
import { createTestDatabase, startTestModule, type TestDatabase, testEnvironment } from '#platform/testing';
import { MIGRATIONS } from '../../../../migrations/index.js';
import { EventLog } from '../outbox/event-log.js';
import { EventType } from '../events/event-type.js';
import { MessagingModule } from '../messaging.module.js';
import { NOW, PARCEL_MOVED } from '../publishing/parcel.fixture.js';
import { Projection } from './projection.js';
import type { ReceivedEvent } from '../subscribing/subscriber.js';

const EFFECT = statement('INSERT INTO public.effects (event_id) SELECT unnest($1::uuid[])');
const EMPTY = statement('DELETE FROM public.effects');
/** PostgreSQL sees a killed worker in the same way: its connections end, and what is not committed is undone. */
const KILL = statement(
  `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
   WHERE datname = current_database() AND application_name IN ('crm-test', 'crm-projection/parcels') AND pid <> pg_backend_pid()
   UNION ALL SELECT pg_terminate_backend(pg_backend_pid())`,
);

/** Records the ids of parcels' events, in their order. */
@Injectable()
export class ParcelProjection extends Projection {
  readonly name: string = 'parcels';
  readonly types = ['parcel.*'];
  /** Number of batches that throw after their effect. */
  failures = 0;
  /** Number of batches and resets after whose effect the connections of the worker end. */
  kills = 0;
  readonly batches: (readonly string[])[] = [];

  constructor(private readonly database: Database) {
    super();
  }

  async project(events: readonly ReceivedEvent[]): Promise<void> {
    const ids = events.map(({ id }) => id);
    this.batches.push(ids);
    await this.database.query(EFFECT, [ids]);
    await this.interrupt();
  }

  override async reset(): Promise<void> {
    await this.database.query(EMPTY);
    await this.interrupt();
  }

  private async interrupt(): Promise<void> {
    if (this.kills > 0) {
      this.kills -= 1;
      await this.database.query(KILL);
    }
    if (this.failures === 0) return;
    this.failures -= 1;
    throw new RangeError('not now');
  }
}

/** A database with an event log, and workers with projections on it. */
export class ProjectionHarness {
  private readonly apps: INestApplicationContext[] = [];

  private constructor(readonly database: TestDatabase) {}

  /** Starts one worker with a {@link ParcelProjection}. */
  static async start(): Promise<ProjectionHarness> {
    const database = await createTestDatabase(MIGRATIONS, { isScripted: true });
    // The cursor of a projection that does not run here would prevent every deletion of events.
    await database.rows(`CREATE TABLE public.effects (number bigint GENERATED ALWAYS AS IDENTITY, event_id uuid);
      DELETE FROM crm.event_cursors WHERE name = 'projection/reminders'`);
    const harness = new ProjectionHarness(database);
    await harness.startWorker(ParcelProjection);
    return harness;
  }

  async startWorker(...projections: readonly Type<Projection>[]): Promise<INestApplicationContext> {
    const app = await startTestModule(testEnvironment({ databaseUrl: this.database.url }), {
      imports: [BusModule.forRoot(), MessagingModule.forRoot({ process: 'worker', hasBroker: false })],
      providers: [...projections],
    });
    this.apps.push(app);
    return app;
  }

  /** A provider of the first worker. */
  get<T>(type: Type<T>): T {
    return this.apps[0]!.get(type);
  }

  /** Appends one event of each type, in one transaction; returns their ids. */
  async append(...types: readonly string[]): Promise<string[]> {
    const ids = types.map(() => newId());
    const facts = types.map((key, index) =>
      new EventType({ ...PARCEL_MOVED.declaration, key, data: Object }).fact({}, { id: ids[index]! }),
    );
    const change = { stream: `parcels/${newId()}`, actorId: null, audience: [], events: facts };
    await this.get(UnitOfWork).run(() => this.get(EventLog).append([change], NOW));
    return ids;
  }

  /** Ids of the recorded events, in the order in which they were recorded. */
  async effects(): Promise<string[]> {
    const rows = await this.database.rows<{ event_id: string }>('SELECT event_id FROM public.effects ORDER BY number');
    return rows.map(({ event_id }) => event_id);
  }

  /** Whether a projection has read the whole log. */
  async isRead(name = 'parcels'): Promise<boolean> {
    const atTheEnd = `SELECT FROM crm.event_cursors c WHERE c.name = 'projection/' || $1 AND NOT EXISTS (
      SELECT FROM crm.event_log e WHERE e.position IS NULL OR e.position > c.position)`;
    return (await this.database.rows(atTheEnd, [name])).length > 0;
  }

  async stop(): Promise<void> {
    await Promise.all(this.apps.map((app) => app.close()));
    await this.database.drop();
  }
}
