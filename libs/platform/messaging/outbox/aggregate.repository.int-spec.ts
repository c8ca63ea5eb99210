import { EventsHandler, type IEventHandler } from '@nestjs/cqrs';
import { Database, statement, UnitOfWork } from '#platform/persistence';
import { EventLog } from './event-log.js';
import { LogSignal } from './log-signal.js';
import { Parcel, PARCEL_MOVED, parcelChange, ParcelMoved, ParcelService } from '../publishing/parcel.fixture.js';

const VISIT = statement('INSERT INTO public.visits (place) VALUES ($1::text)');

/** Records the move, as a domain's publisher does. */
@EventsHandler(ParcelMoved)
class RecordMove implements IEventHandler<ParcelMoved> {
  constructor(private readonly log: EventLog) {}

  handle(event: ParcelMoved): void {
    this.log.record(parcelChange(event));
    if (event.place === 'too much') {
      const change = parcelChange(event);
      this.log.record({
        ...change,
        events: [PARCEL_MOVED.fact({ parcel_id: event.parcelId, place: 'x'.repeat(70_000) })],
      });
    }
  }
}

/** Writes through the database where the place asks for it, later than the tick in which it is called. */
@EventsHandler(ParcelMoved)
class NoteVisit implements IEventHandler<ParcelMoved> {
  constructor(private readonly database: Database) {}

  async handle({ place }: ParcelMoved): Promise<void> {
    if (!place.startsWith('visited')) return;
    await this.database.query(VISIT, [place]);
  }
}

/** Refuses some places, the last of the handlers. */
@EventsHandler(ParcelMoved)
class RefusePlace implements IEventHandler<ParcelMoved> {
  async handle({ place }: ParcelMoved): Promise<void> {
    await Promise.resolve();
    if (place.endsWith('forbidden')) throw new RangeError(`${place} is no place for a parcel`);
  }
}

describe('a change of an aggregate', () => {
  let service: ParcelService;

  beforeAll(async () => {
    service = await ParcelService.start(RecordMove, NoteVisit, RefusePlace);
  });
  beforeEach(() => service.database.rows('TRUNCATE public.visits'));
  afterAll(() => service.stop());

  const stored = async (place: string): Promise<Parcel> => {
    const parcel = Parcel.at(place);
    await service.parcels.save(parcel);
    return service.parcels.load(parcel.id);
  };
  const event = (version: number, id: string, place: string) => ({ version, data: { parcel_id: id, place } });

  it('is stored together with what was recorded of it', async () => {
    const parcel = await stored('Kazan');
    parcel.moveTo('Omsk');
    await service.parcels.save(parcel);
    expect(await service.traces(parcel.id)).toEqual({
      row: { place: 'Omsk', version: 2 },
      events: [event(1, parcel.id, 'Kazan'), event(2, parcel.id, 'Omsk')],
      visits: [],
    });
  });

  it('wakes the readers of the log when there is something to see', async () => {
    const parcel = Parcel.at('Kazan');
    const appended = jest.spyOn(service.app.get(LogSignal), 'appended');
    const seen: ReturnType<typeof service.traces>[] = [];
    appended.mockImplementation(() => void seen.push(service.traces(parcel.id)));
    await service.parcels.save(parcel);
    expect((await Promise.all(seen)).map(({ events }) => events.length)).toEqual([1]);
    parcel.moveTo('Omsk');
    await service.app.get(UnitOfWork).run(() => service.parcels.save(parcel));
    expect((await Promise.all(seen)).map(({ events }) => events.length)).toEqual([1, 2]);
    appended.mockRestore();
  });

  it('is stored together with what its handlers wrote', async () => {
    const parcel = await stored('visited Kazan');
    parcel.moveTo('visited Omsk');
    await service.parcels.save(parcel);
    expect(await service.traces(parcel.id)).toEqual({
      row: { place: 'visited Omsk', version: 2 },
      events: [event(1, parcel.id, 'visited Kazan'), event(2, parcel.id, 'visited Omsk')],
      visits: ['visited Kazan', 'visited Omsk'],
    });
  });

  it.each(['forbidden', 'visited and forbidden'])('that a handler refuses (%s) leaves nothing', async (place) => {
    const fresh = Parcel.at(place);
    await expect(service.parcels.save(fresh)).rejects.toThrow(new RangeError(`${place} is no place for a parcel`));
    expect(await service.traces(fresh.id)).toEqual({ row: undefined, events: [], visits: [] });

    const old = await stored('Kazan');
    old.moveTo(place);
    await expect(service.parcels.save(old)).rejects.toThrow('no place for a parcel');
    const untouched = { row: { place: 'Kazan', version: 1 }, events: [event(1, old.id, 'Kazan')], visits: [] };
    expect(await service.traces(old.id)).toEqual(untouched);
  });

  it('that a handler refuses takes along the open unit of work', async () => {
    const other = Parcel.at('visited Omsk');
    const failing = service.app.get(UnitOfWork).run(async () => {
      await service.parcels.save(other);
      await service.parcels.save(Parcel.at('forbidden'));
    });
    await expect(failing).rejects.toThrow('no place for a parcel');
    expect(await service.traces(other.id)).toEqual({ row: undefined, events: [], visits: [] });
  });

  it('whose event is over 60 KiB is refused, and leaves nothing', async () => {
    const parcel = Parcel.at('too much');
    await expect(service.parcels.save(parcel)).rejects.toThrow('parcel.moved has 70063 bytes');
    expect(await service.traces(parcel.id)).toEqual({ row: undefined, events: [], visits: [] });
  });

  it.each([
    { caller: 'that named its version', isVersionExpected: true, kind: 'stale', code: 'version_mismatch' },
    { caller: 'that named none', isVersionExpected: false, kind: 'conflict', code: 'edit_conflict' },
  ])('$caller and comes second leaves nothing, nor do its handlers', async ({ isVersionExpected, kind, code }) => {
    const first = await stored('Kazan');
    const second = await service.parcels.load(first.id);
    second.isVersionExpected = isVersionExpected;
    first.moveTo('Omsk');
    await service.parcels.save(first);
    second.moveTo('visited Perm');
    await expect(service.parcels.save(second)).rejects.toMatchObject({ kind, code });
    expect(await service.traces(first.id)).toEqual({
      row: { place: 'Omsk', version: 2 },
      events: [event(1, first.id, 'Kazan'), event(2, first.id, 'Omsk')],
      visits: [],
    });
  });

  it('is made by one of many at the same moment', async () => {
    const { id } = await stored('Kazan');
    const copies = await Promise.all(Array.from({ length: 20 }, () => service.parcels.load(id)));
    const results = await Promise.allSettled(
      copies.map((copy, index) => {
        copy.moveTo(index % 2 ? `visited ${index}` : `place ${index}`);
        return service.parcels.save(copy);
      }),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const { row, events, visits } = await service.traces(id);
    expect(row).toMatchObject({ version: 2 });
    expect(events).toHaveLength(2);
    expect(visits).toEqual(visits.length ? [(row as { place: string }).place] : []);
  });

  it('is stored once: its events are not published again by the next save', async () => {
    const parcel = Parcel.at('Kazan');
    await service.parcels.save(parcel);
    expect(parcel.getUncommittedEvents()).toEqual([]);
    parcel.moveTo('Omsk');
    await service.parcels.save(parcel);
    const { row, events } = await service.traces(parcel.id);
    expect(row).toEqual({ place: 'Omsk', version: 2 });
    expect(events).toHaveLength(2);
  });
});

describe('a fact recorded outside a save', () => {
  it('is refused: nothing would store it', async () => {
    const service = await ParcelService.start();
    const log = service.app.get(EventLog);
    expect(() => log.record(parcelChange(new ParcelMoved('x', 'Kazan')))).toThrow('use append() elsewhere');
    await service.stop();
  });
});
