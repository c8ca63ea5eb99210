import { until } from '#platform/testing';
import { expectEverythingDelivered } from '../support/broker/delivery-check.js';
import { type CrmUser } from '../support/crm-user.js';
import { type EventConsumer } from '../support/events/event-consumer.js';
import { Installation } from '../support/programs/installation.js';
import { type Program } from '../support/programs/processes.js';
import { withFailureOutput } from '../support/programs/failure-output.js';
import { WriteLoad } from '../support/books/write-load.js';

/** Records every move of a cursor, to detect a move back, however short. */
const WATCH_CURSORS = `
  CREATE TABLE public.cursor_moves (
    number bigint GENERATED ALWAYS AS IDENTITY, name text, before bigint, after bigint, fence bigint);
  CREATE FUNCTION public.note_cursor_move() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO public.cursor_moves (name, before, after, fence) VALUES (new.name, old.position, new.position, new.fence);
    RETURN NULL;
  END $$;
  CREATE TRIGGER note_move AFTER UPDATE ON crm.event_cursors FOR EACH ROW EXECUTE FUNCTION public.note_cursor_move()`;

describe('workers that crash, stop or freeze', () => {
  let crm: Installation;
  let api: Program;
  let workers: readonly Program[];
  let user: CrmUser;
  let consumer: EventConsumer;

  beforeAll(async () => {
    crm = await Installation.start({ rabbitmq: true });
    await crm.database.rows(WATCH_CURSORS);
    [api, ...workers] = await Promise.all([crm.api(), crm.worker(), crm.worker()]);
    user = crm.user(api);
    consumer = await crm.consumer('test.worker-crash');
  });

  afterAll(() => crm.discard());

  /** Waits for the worker with the lease of a task that is not the former leader. */
  function leader(former?: Program, work: 'publisher' | 'sequencer' = 'publisher'): Promise<Program> {
    const beginnings = (): { readonly worker: Program; readonly time: unknown }[] =>
      workers.flatMap((worker) => {
        const line = worker.lastSaid('leading', { work });
        return line && worker.isRunning ? [{ worker, time: line.time }] : [];
      });
    return until(() => {
      const last = beginnings()
        .sort((a, b) => String(a.time).localeCompare(String(b.time)))
        .at(-1);
      return last && last.worker !== former && last.worker;
    });
  }

  async function expectCursorsNeverWentBack(): Promise<void> {
    const moves = await crm.database.rows<{ before: string; after: string }>(
      `SELECT before::text, after::text FROM public.cursor_moves WHERE name = 'rabbitmq' AND after <> before`,
    );
    expect(moves.length).toBeGreaterThan(0);
    expect(moves.filter(({ before, after }) => BigInt(after) < BigInt(before))).toEqual([]);
    const byFormerLeaders = `SELECT m.* FROM public.cursor_moves m
      WHERE EXISTS (SELECT FROM public.cursor_moves s WHERE s.name = m.name AND s.fence > m.fence AND s.number < m.number)`;
    expect(await crm.database.rows(byFormerLeaders)).toEqual([]);
  }

  it(
    'lose no event when the only worker is killed repeatedly while it publishes',
    withFailureOutput(async () => {
      const [worker, other] = workers as [Program, Program];
      await other.stop();
      const load = await WriteLoad.begin(user, { perSecond: 100 });
      for (let round = 0; round < 3; round++) {
        await load.acknowledge(60);
        await worker.kill();
        await worker.start();
      }
      await load.end();
      await expectEverythingDelivered('worker killed 3 times', crm, consumer, load);
      await expectCursorsNeverWentBack();
      await other.start();
    }),
  );

  it(
    'are replaced by the standby worker without a lost or reordered event',
    withFailureOutput(async () => {
      const load = await WriteLoad.begin(user, { perSecond: 100 });
      for (let round = 0; round < 3; round++) {
        await load.acknowledge(60);
        const killed = await leader();
        await killed.kill();
        await leader(killed);
        await killed.start();
      }
      await load.end();
      await expectEverythingDelivered('leading worker killed 3 times', crm, consumer, load);
      await expectCursorsNeverWentBack();
    }),
  );

  it(
    'hand over without a duplicate on SIGTERM',
    withFailureOutput(async () => {
      const { duplicates } = consumer.account;
      const load = await WriteLoad.begin(user, { perSecond: 100 });
      for (let round = 0; round < 2; round++) {
        await load.acknowledge(60);
        const stopped = await leader();
        expect(await stopped.stop()).toEqual({ code: 0, signal: null });
        await leader(stopped);
        await stopped.start();
      }
      await load.end();
      await expectEverythingDelivered('leading worker stopped 2 times', crm, consumer, load);
      expect(consumer.account.duplicates).toBe(duplicates);
    }),
  );

  it.each(['publisher', 'sequencer'] as const)(
    'lose the lease of a frozen %s, which moves no cursor when it continues',
    (work) =>
      withFailureOutput(async () => {
        const load = await WriteLoad.begin(user, { perSecond: 100 });
        await load.acknowledge(60);
        const frozen = await leader(undefined, work);
        frozen.pause();
        await load.acknowledge(30);
        await leader(frozen, work);
        await load.acknowledge(60);
        const token = await leaseToken(work);
        frozen.resume();
        await until(() => frozen.lastSaid('lease lost', { work }));
        await load.acknowledge(60);
        await load.end();
        await expectEverythingDelivered(`frozen ${work}`, crm, consumer, load);
        await expectCursorsNeverWentBack();
        await expectGapFreePositions();
        expect(await leaseToken(work)).toBe(token);
      })(),
  );

  it(
    'keep the lease when frozen for less than its duration',
    withFailureOutput(async () => {
      const load = await WriteLoad.begin(user, { perSecond: 100 });
      const paused = await leader();
      for (let round = 0; round < 3; round++) {
        await load.acknowledge(40);
        paused.pause();
        await load.acknowledge(60);
        paused.resume();
      }
      await load.end();
      await expectEverythingDelivered('leading worker slowed down', crm, consumer, load);
      expect(await leader()).toBe(paused);
    }),
  );

  async function leaseToken(work: string): Promise<string | undefined> {
    const [lease] = await crm.database.rows<{ token: string }>('SELECT token FROM crm.leases WHERE name = $1', [work]);
    return lease?.token;
  }

  async function expectGapFreePositions(): Promise<void> {
    const [log] = await crm.database.rows(
      `SELECT count(*) = max(position) AND count(DISTINCT position) = count(*) AS is_gap_free FROM crm.event_log`,
    );
    expect(log).toEqual({ is_gap_free: true });
  }
});
