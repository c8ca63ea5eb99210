import { newId } from '#platform/kernel';
import { RequestContext } from '#platform/observability';
import { UnitOfWork } from '#platform/persistence';
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
    expect(() => log.oneChange(change('deals/alone'), NOW)).toThrow('in a unit of work');
    expect(await rowsOf('deals/alone')).toEqual([]);
  });
});
