import { until } from '#platform/testing';
import { expectEverythingArrived } from '../arrivals.js';
import { type CrmUser } from '../crm-user.js';
import { type EventConsumer } from '../event-consumer.js';
import { Installation } from '../installation.js';
import { type Program } from '../processes.js';
import { told } from '../told.js';
import { WriteLoad } from '../write-load.js';

/** Notes every move of a cursor, so that one that went back is seen however short it was. */
const WATCH_CURSORS = `
  CREATE TABLE public.cursor_moves (name text, before bigint, after bigint);
  CREATE FUNCTION public.note_cursor_move() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO public.cursor_moves VALUES (new.name, old.position, new.position);
    RETURN NULL;
  END $$;
  CREATE TRIGGER note_move AFTER UPDATE ON crm.event_cursors FOR EACH ROW EXECUTE FUNCTION public.note_cursor_move()`;

describe('when workers crash', () => {
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

  /** The worker that publishes, once there is one, other than one that is known to be on its way out. */
  function leader(former?: Program): Promise<Program> {
    const beginnings = (): { readonly worker: Program; readonly time: unknown }[] =>
      workers.flatMap((worker) => {
        const line = worker.lastSaid('leading', { work: 'publisher' });
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
  }

  it(
    'one that is alone loses nothing, however often it is killed while it publishes',
    told(async () => {
      const [worker, other] = workers as [Program, Program];
      await other.stop();
      const load = await WriteLoad.begin(user, { perSecond: 100 });
      for (let round = 0; round < 3; round++) {
        await load.acknowledge(60);
        await worker.kill();
        await worker.start();
      }
      await load.end();
      await expectEverythingArrived('worker killed 3 times', crm, consumer, load);
      await expectCursorsNeverWentBack();
      await other.start();
    }),
  );

  it(
    'the one that stands by takes over, and nothing is lost or overtaken',
    told(async () => {
      const load = await WriteLoad.begin(user, { perSecond: 100 });
      for (let round = 0; round < 3; round++) {
        await load.acknowledge(60);
        const killed = await leader();
        await killed.kill();
        await leader(killed);
        await killed.start();
      }
      await load.end();
      await expectEverythingArrived('leading worker killed 3 times', crm, consumer, load);
      await expectCursorsNeverWentBack();
    }),
  );

  it(
    'one that is told to stop hands over with nothing sent twice',
    told(async () => {
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
      await expectEverythingArrived('leading worker stopped 2 times', crm, consumer, load);
      expect(consumer.account.duplicates).toBe(duplicates);
    }),
  );

  it(
    'one that hangs, loses its lock to another and wakes up again disturbs nothing',
    told(async () => {
      const load = await WriteLoad.begin(user, { perSecond: 100 });
      for (let round = 0; round < 3; round++) {
        await load.acknowledge(60);
        const paused = await leader();
        paused.pause();
        await load.acknowledge(30);
        await endSessionsOfLeaders();
        await leader(paused);
        await load.acknowledge(60);
        paused.resume();
        await until(async () => (await publishers()) === 2);
      }
      await load.end();
      await expectEverythingArrived('leading worker paused 3 times', crm, consumer, load);
      await expectCursorsNeverWentBack();
    }),
  );

  it(
    'one that hangs and wakes up with its lock goes on',
    told(async () => {
      const load = await WriteLoad.begin(user, { perSecond: 100 });
      const paused = await leader();
      for (let round = 0; round < 3; round++) {
        await load.acknowledge(40);
        paused.pause();
        await load.acknowledge(60);
        paused.resume();
      }
      await load.end();
      await expectEverythingArrived('leading worker slowed down', crm, consumer, load);
      expect(await leader()).toBe(paused);
    }),
  );

  /** How many workers publish or stand by. */
  async function publishers(): Promise<number> {
    const sessions = `SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'crm-publisher'`;
    return (await crm.database.rows(sessions)).length;
  }

  /** As PostgreSQL does when it gives up a client that it hears nothing of. */
  async function endSessionsOfLeaders(): Promise<void> {
    await crm.database.rows(
      `SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()
          AND a.application_name IN ('crm-publisher', 'crm-sequencer')`,
    );
  }
});
