import { AsyncResource } from 'node:async_hooks';
import { newId } from '#platform/kernel';
import { RequestContext } from '#platform/observability';
import { UnitOfWork } from '#platform/persistence';
import { until } from '#platform/testing';
import { type Change, EventLog, type StreamHead } from './event-log.js';
import { EventType } from '../events/event-type.js';
import { NOW, PARCEL_MOVED, ParcelService } from '../publishing/parcel.fixture.js';

describe('the event log', () => {
  let service: ParcelService;
  let log: EventLog;

  beforeAll(async () => {
    service = await ParcelService.start();
    log = service.app.get(EventLog);
  });
  afterAll(() => service.stop());

  const append = (changes: readonly Change[]): Promise<readonly StreamHead[]> =>
    service.app.get(UnitOfWork).run(() => log.append(changes, NOW));

  /** Outside of any open unit of work: this is the context in which the test file was loaded. */
  const outside = AsyncResource.bind(<T>(work: () => T): T => work());
  const trial = (key: string) => new EventType({ ...PARCEL_MOVED.declaration, key, data: Object });
  const change = (stream: string, types: readonly string[] = ['parcel.moved']): Change => ({
    stream,
    actorId: null,
    audience: [],
    events: types.map((type) => trial(type).fact({})),
  });
  const rowsOf = (stream: string) =>
    service.database.rows<{ version: number; type: string; seq: string }>(
      'SELECT stream_version AS version, type, seq FROM crm.event_log WHERE stream = $1 ORDER BY seq',
      [stream],
    );

  it('stores the actor, audience, subject and trace of an event', async () => {
    const [deal, client, actor, seller, lead, id] = Array.from({ length: 6 }, newId) as [string, ...string[]];
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
    await RequestContext.run({ requestId: 'r', traceId, traceparent }, () =>
      append([
        {
          stream: `deals/${deal}`,
          dealId: deal,
          clientId: client,
          actorId: actor!,
          audience: [seller!],
          events: [
            trial('one').fact({ text: 'Ё "quoted" \\ 😀', nested: [1, null, { a: '0.10' }] }, { id: id! }),
            trial('two').fact({}, { audience: [seller!, lead!] }),
          ],
        },
      ]),
    );
    const rows = await service.database.rows(
      `SELECT id, type, stream_version, journal_seq, position, time, actor_id, deal_id, client_id, audience, traceparent, data
       FROM crm.event_log WHERE deal_id = $1 ORDER BY stream_version`,
      [deal],
    );
    const shared = { journal_seq: null, position: null, time: NOW, actor_id: actor, deal_id: deal, client_id: client };
    expect(rows).toEqual([
      {
        ...shared,
        id,
        type: 'one',
        stream_version: 1,
        audience: [seller],
        traceparent,
        data: { text: 'Ё "quoted" \\ 😀', nested: [1, null, { a: '0.10' }] },
      },
      {
        ...shared,
        id: expect.any(String),
        type: 'two',
        stream_version: 2,
        audience: [seller, lead],
        traceparent,
        data: {},
      },
    ]);
  });

  it('numbers each stream without gap, in the order of commits, however many write at once', async () => {
    const streams = ['deals/a', 'deals/b', 'clients/c'];
    await Promise.all(
      Array.from({ length: 120 }, (_, index) => append([change(streams[index % 3]!, ['first', 'second'])])),
    );
    for (const stream of streams) {
      const rows = await rowsOf(stream);
      expect(rows.map(({ version }) => version)).toEqual(Array.from({ length: 80 }, (_, index) => index + 1));
      expect(rows.filter((_, index) => index % 2 === 0).every(({ type }) => type === 'first')).toBe(true);
    }
  });

  it('makes two writers that name the same streams in another order take turns', async () => {
    const [x, y] = [change('deals/x'), change('deals/y')];
    await Promise.all(Array.from({ length: 60 }, (_, index) => append(index % 2 ? [x, y] : [y, x])));
    expect(await rowsOf('deals/x')).toHaveLength(60);
    expect((await rowsOf('deals/y')).map(({ version }) => version)).toEqual(
      Array.from({ length: 60 }, (_, i) => i + 1),
    );
  });

  it('lets a second writer continue a stream that another one begins at the same moment', async () => {
    const unit = service.app.get(UnitOfWork);
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    let second!: Promise<readonly StreamHead[]>;
    await unit.run(async () => {
      await log.append([change('clients/begun')], NOW);
      second = outside(() => append([change('clients/other'), change('clients/begun'), change('clients/other')]));
      await until(async () => (await service.database.rows(waiting)).length > 0);
    });
    const heads = (await second).map(({ stream, version }) => `${stream} ${version}`);
    expect(heads.sort()).toEqual(['clients/begun 2', 'clients/other 1', 'clients/other 2']);
    expect((await rowsOf('clients/begun')).map(({ version }) => version)).toEqual([1, 2]);
    expect((await rowsOf('clients/other')).map(({ version }) => version)).toEqual([1, 2]);
  });

  it('chains the journal entries of one stream, with and without others between, however they are appended', async () => {
    const dealId = newId();
    await service.database.rows(
      `WITH client AS (
         INSERT INTO crm.clients (id, name, kind, status, version, created_at, updated_at)
         VALUES ($1, 'x', 'person', 'active', 1, now(), now()) RETURNING id)
       INSERT INTO crm.deals (id, client_id, title, status, next_review_at, version, created_at, updated_at)
       SELECT id, id, 'x', 'qualification', now(), 1, now(), now() FROM client`,
      [dealId],
    );
    const entered = (body: string): Change => ({
      ...change(`deals/${dealId}`, ['first', 'second']),
      dealId,
      entry: { kind: 'system', body, data: { body } },
    });
    const silent = change(`deals/${dealId}`);
    await append([entered('one')]);
    await append([entered('two'), silent, change('clients/beside'), entered('three'), silent]);
    await append([silent]);
    const heads = await append([entered('four'), entered('five')]);
    expect(heads.map(({ version, journal_seq }) => [version, journal_seq])).toEqual([
      [11, 4],
      [13, 5],
    ]);
    const entries = await service.database.rows(
      `SELECT seq, body, hash = crm.journal_hash(prev_hash, deal_id, seq, id, kind, author_id, body, data, created_at) AS "isOwn",
         prev_hash = lag(hash, 1, decode(repeat('00', 32), 'hex')) OVER (ORDER BY seq) AS "isChained",
         hash = (SELECT journal_hash FROM crm.event_streams WHERE stream = 'deals/' || deal_id) AS "isHead"
       FROM crm.journals WHERE deal_id = $1 ORDER BY seq`,
      [dealId],
    );
    expect(entries).toEqual(
      ['one', 'two', 'three', 'four', 'five'].map((body, index) => ({
        ...{ seq: index + 1, body, isOwn: true, isChained: true, isHead: body === 'five' },
      })),
    );
  });

  it('takes the number back when the change is undone: the next one gets it', async () => {
    const undone = service.app.get(UnitOfWork).run(async () => {
      expect(await append([change('deals/undone')])).toMatchObject([{ version: 1 }]);
      throw new Error('changed my mind');
    });
    await expect(undone).rejects.toThrow('changed my mind');
    expect(await append([change('deals/undone')])).toMatchObject([{ version: 1 }]);
    expect(await rowsOf('deals/undone')).toHaveLength(1);
  });

  it('refuses the same event twice, and then keeps nothing of the change', async () => {
    const id = newId();
    const twice = { ...change('deals/twice'), events: [1, 2].map(() => trial('parcel.moved').fact({}, { id })) };
    await expect(append([change('deals/beside'), twice])).rejects.toThrow(/event_log_\w+_pkey/);
    expect([...(await rowsOf('deals/twice')), ...(await rowsOf('deals/beside'))]).toEqual([]);
  });

  it('takes nothing outside of a unit of work, which would wake its readers too early', async () => {
    await expect(log.append([change('deals/alone')], NOW)).rejects.toThrow('in a unit of work');
    expect(() => log.jsonOf([change('deals/alone')], NOW)).toThrow('in a unit of work');
    expect(await rowsOf('deals/alone')).toEqual([]);
  });
});
