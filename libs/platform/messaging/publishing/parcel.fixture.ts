import { type DynamicModule, Injectable, Module, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SettingsModule } from '#platform/config';
import { BusModule } from '#platform/cqrs';
import { type Instant, newId } from '#platform/kernel';
import { ObservabilityModule } from '#platform/observability';
import { Aggregate, PersistenceModule, statement } from '#platform/persistence';
import { createTestDatabase, type TestDatabase, testEnvironment } from '#platform/testing';
import { Column, Entity } from 'typeorm';
import { MIGRATIONS } from '../../../../migrations/index.js';
import { AggregateRepository, AggregateStore } from '../outbox/aggregate.repository.js';
import type { Change } from '../outbox/event-log.js';
import { EventType } from '../events/event-type.js';
import { MessagingModule } from '../messaging.module.js';

export const NOW: Instant = '2026-03-02T06:00:00.000Z';

/** Something happened to a parcel. */
export class ParcelMoved {
  constructor(
    readonly parcelId: string,
    readonly place: string,
  ) {}
}

/** A thing that is stored with its events. */
@Entity({ schema: 'crm', name: 'parcels' })
export class Parcel extends Aggregate {
  @Column('text')
  place!: string;

  static at(place: string): Parcel {
    const parcel = new Parcel();
    parcel.begin(newId(), NOW);
    parcel.moveTo(place);
    return parcel;
  }

  moveTo(place: string): void {
    this.touch(NOW);
    this.place = place;
    this.apply(new ParcelMoved(this.id, place));
  }
}

@Injectable()
export class Parcels extends AggregateRepository<Parcel> {
  constructor(store: AggregateStore) {
    super(store, Parcel);
  }

  async load(id: string): Promise<Parcel> {
    const byId = statement(`SELECT ${this.mapping.selection} FROM ${this.mapping.table} WHERE id = $1::uuid`);
    return this.mapping.hydrate((await this.store.database.first<Record<string, unknown>>(byId, [id]))!);
  }

  save(parcel: Parcel): Promise<void> {
    return this.write(parcel, NOW);
  }
}

class ParcelFacts {
  readonly parcel_id!: string;
  readonly place!: string;
}

/** Not in the catalogue: parcels are a fixture. */
export const PARCEL_MOVED = new EventType({
  key: 'parcel.moved',
  meaning: 'A parcel was moved.',
  stream: 'parcels/{parcel_id}',
  followers: 'no user',
  data: ParcelFacts,
});

/** The change of a parcel in the event log. */
export function parcelChange({ parcelId, place }: ParcelMoved): Change {
  return {
    stream: `parcels/${parcelId}`,
    actorId: null,
    audience: [],
    events: [PARCEL_MOVED.fact({ parcel_id: parcelId, place })],
  };
}

/** An application that moves parcels, on a database of its own. */
export class ParcelService {
  private constructor(
    readonly database: TestDatabase,
    readonly app: TestingModule,
  ) {}

  /** @param handlers of the parcels' events, in the order in which they are called. */
  static async start(...handlers: Type[]): Promise<ParcelService> {
    const database = await createTestDatabase(MIGRATIONS, { isScripted: true });
    await database.rows(`
      CREATE TABLE crm.parcels (
        id uuid PRIMARY KEY, place text NOT NULL, version int NOT NULL, is_deleted boolean NOT NULL,
        deleted_at timestamptz, deleted_by_id uuid, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL
      );
      CREATE TABLE public.visits (place text)`);
    const app = await Test.createTestingModule({ imports: [parcelModule(database.url, handlers)] }).compile();
    return new ParcelService(database, await app.init());
  }

  get parcels(): Parcels {
    return this.app.get(Parcels);
  }

  /** The rows of a parcel in the three tables. */
  async traces(id: string): Promise<{ row: object | undefined; events: object[]; visits: string[] }> {
    const [row] = await this.database.rows('SELECT place, version FROM crm.parcels WHERE id = $1', [id]);
    const events = await this.database.rows(
      'SELECT stream_version AS version, data FROM crm.event_log WHERE stream = $1 ORDER BY 1',
      [`parcels/${id}`],
    );
    const visits = await this.database.rows<{ place: string }>('SELECT place FROM public.visits ORDER BY 1');
    return { row, events, visits: visits.map(({ place }) => place) };
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.database.drop();
  }
}

function parcelModule(url: string, handlers: readonly Type[]): DynamicModule {
  @Module({})
  class ParcelModule {}
  return {
    module: ParcelModule,
    imports: [
      SettingsModule.forRoot(testEnvironment({ databaseUrl: url })),
      ObservabilityModule,
      PersistenceModule.forRoot('crm-test'),
      BusModule.forRoot(),
      MessagingModule.forRoot({ process: 'api' }),
      TypeOrmModule.forFeature([Parcel]),
    ],
    providers: [Parcels, ...handlers],
  };
}
