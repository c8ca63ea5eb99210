import type { EventConsumer } from '../../support/events/event-consumer.js';
import { Installation } from '../../support/programs/installation.js';
import { MovedClock } from '../../support/programs/moved-clock.js';
import { LEADERS, type LeaderName, PROCESSES, type ProcessName, type ServerName } from '../plan.js';
import { SupervisedProgram } from './supervised-program.js';
import { TcpProxy } from './tcp-proxy.js';

/** Issuer and audience of tokens, which production requires. */
export const CLAIMS = { issuer: 'https://auth.example', audience: 'crm' };

/** Records moves of a cursor that only a former leader can make: back, or under a fence that is not the newest. */
const WATCH_CURSORS = `
  CREATE TABLE public.cursor_moves_back (name text, before bigint, after bigint, fence bigint);
  CREATE FUNCTION public.note_cursor_move() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF new.position < old.position OR new.fence < old.fence THEN
      INSERT INTO public.cursor_moves_back VALUES (new.name, old.position, new.position, new.fence);
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER note_move AFTER UPDATE ON crm.event_cursors FOR EACH ROW EXECUTE FUNCTION public.note_cursor_move()`;

/** Servers, proxies in front of them, two API and two worker processes, and a consumer of every event. */
export class Site {
  private constructor(
    readonly installation: Installation,
    readonly proxies: Readonly<Record<ServerName, TcpProxy>>,
    readonly programs: Readonly<Record<ProcessName, SupervisedProgram>>,
    readonly consumer: EventConsumer,
  ) {}

  static async start(): Promise<Site> {
    const installation = await Installation.start({ postgres: true, rabbitmq: true, redis: true, isScripted: true });
    try {
      return await Site.startOn(installation);
    } catch (error) {
      await installation.discard();
      throw error;
    }
  }

  private static async startOn(installation: Installation): Promise<Site> {
    await installation.database.rows(WATCH_CURSORS);
    const { databaseServer, broker, queues } = installation;
    const proxies = {
      PostgreSQL: await TcpProxy.start(databaseServer.port),
      RabbitMQ: await TcpProxy.start(broker.port),
      Redis: await TcpProxy.start(queues.port),
    };
    const environment = {
      NODE_ENV: 'production',
      CRM_DATABASE_URL: proxies.PostgreSQL.through(databaseServer.url),
      CRM_RABBITMQ_URL: proxies.RabbitMQ.through(broker.url),
      REDIS_PORT: String(proxies.Redis.port),
      CRM_DATABASE_ACQUIRE_TIMEOUT_MS: '5000',
      CRM_JWT_ISSUER: CLAIMS.issuer,
      CRM_JWT_AUDIENCE: CLAIMS.audience,
    };
    const start = async (name: ProcessName): Promise<SupervisedProgram> => {
      const clock = new MovedClock(new Date().toISOString(), 'process-clock.mjs');
      const env = installation.environment({ ...environment, ...clock.environment });
      return SupervisedProgram.start(name, env, clock);
    };
    const programs = Object.fromEntries(
      await Promise.all(PROCESSES.map(async (name) => [name, await start(name)] as const)),
    ) as Record<ProcessName, SupervisedProgram>;
    const consumer = await installation.consumer('storm.everything', ['#'], true);
    return new Site(installation, proxies, programs, consumer);
  }

  get apiUrls(): string[] {
    return [this.programs['api 1'].url, this.programs['api 2'].url];
  }

  /** The name of the process that a fault is for: of a leader's task the worker that leads it now. */
  processOf(target: ProcessName | LeaderName): ProcessName {
    if (!(LEADERS as readonly string[]).includes(target)) return target as ProcessName;
    const workers = (['worker 1', 'worker 2'] as const).map((name) => ({
      name,
      time: this.programs[name].leadsSince(target),
    }));
    return workers.sort((one, other) => other.time.localeCompare(one.time))[0]!.name;
  }

  /** Ends every fault that lasts, and waits until all processes are ready. */
  async recover(): Promise<void> {
    for (const proxy of Object.values(this.proxies)) proxy.heal();
    await Promise.all(Object.values(this.programs).map((program) => program.recover()));
  }

  /** Unexpected ends of processes. */
  get crashes(): string[] {
    return Object.values(this.programs).flatMap(({ crashes }) => crashes);
  }

  async discard(): Promise<void> {
    for (const program of Object.values(this.programs)) program.retire();
    await this.installation.discard();
    await Promise.all(Object.values(this.proxies).map((proxy) => proxy.stop()));
    for (const { clock } of Object.values(this.programs)) clock.discard();
  }
}
