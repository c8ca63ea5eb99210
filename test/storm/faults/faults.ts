import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import type { Server } from '#platform/services';
import {
  type FaultKind,
  type LeaderName,
  LEADERS,
  type PlannedFault,
  PROCESSES,
  type ProcessName,
  type ServerName,
} from '../plan.js';
import { signalServer } from './server-signal.js';
import type { Site } from './site.js';

/** How a fault ended, for the log of the storm. */
export interface DoneFault extends PlannedFault {
  /** The process or server that it was for. */
  readonly victim: ProcessName | ServerName;
}

/** A queue that refuses every event of clients after the first one. */
const FULL_QUEUE = 'storm.full';
/** A step of a process's clock, in milliseconds; its direction follows from the fault's duration. */
const CLOCK_STEP_MS = 3_600_000;

/** Executes planned faults, one at a time for each process and server. */
export class Faults {
  readonly done: DoneFault[] = [];
  private readonly busy = new Map<string, Promise<void>>();

  constructor(
    private readonly site: Site,
    private readonly log: (text: string) => void,
  ) {}

  /** Executes a plan whose times count from now; resolves when every fault has ended. */
  async run(plan: readonly PlannedFault[]): Promise<void> {
    const began = performance.now();
    const running: Promise<void>[] = [];
    for (const fault of plan) {
      await delay(Math.max(0, fault.atMs - (performance.now() - began)));
      running.push(this.execute(fault));
    }
    await Promise.all(running);
  }

  private async execute(fault: PlannedFault): Promise<void> {
    const target = fault.target as ProcessName | LeaderName;
    const isProcess = [...PROCESSES, ...LEADERS].includes(target);
    const victim = isProcess ? this.site.processOf(target) : (fault.target as ServerName);
    const before = this.busy.get(victim) ?? Promise.resolve();
    const work = before.then(async () => {
      this.log(`${fault.kind} of ${victim}${victim === fault.target ? '' : ` (${fault.target})`}, ${fault.lastsMs} ms`);
      if (isProcess) await this.harmProcess(victim as ProcessName, fault);
      else await this.harmServer(victim as ServerName, fault);
      this.done.push({ ...fault, victim });
    });
    this.busy.set(
      victim,
      work.catch(() => undefined),
    );
    await work;
  }

  private async harmProcess(name: ProcessName, { kind, lastsMs }: PlannedFault): Promise<void> {
    const program = this.site.programs[name];
    if (kind === 'kill -9') await program.takeDown('SIGKILL', lastsMs);
    else if (kind === 'SIGTERM') await program.takeDown('SIGTERM', lastsMs);
    else if (kind === 'clock step') await program.stepClock(lastsMs % 2 ? CLOCK_STEP_MS : -CLOCK_STEP_MS, lastsMs);
    else await program.freeze(lastsMs);
  }

  private async harmServer(name: ServerName, { kind, lastsMs }: PlannedFault): Promise<void> {
    const proxy = this.site.proxies[name];
    const server = this.serverOf(name);
    const lasting = async (begin: () => void, end: () => void): Promise<void> => {
      begin();
      await delay(lastsMs).finally(end);
    };
    const heal = (): void => proxy.heal();
    const actions: Partial<Record<FaultKind, () => Promise<void>>> = {
      'kill -9': () => restart(server, () => server.kill(), lastsMs),
      SIGTERM: () => restart(server, () => server.stop(), lastsMs),
      SIGSTOP: () => this.freezeServer(server, lastsMs),
      'SIGSTOP beyond the lease': () => this.freezeServer(server, lastsMs),
      'connections cut': () => lasting(() => proxy.cut(), heal),
      'connections frozen': () => lasting(() => proxy.freeze(), heal),
      'answers lost': () => lasting(() => proxy.loseAnswers(), heal),
      'full queue': () => this.fillQueue(lastsMs),
      'disk alarm': () => this.raiseAlarm(['set_disk_free_limit', '1000GB'], ['set_disk_free_limit', '50MB'], lastsMs),
      'memory alarm': () =>
        this.raiseAlarm(['set_vm_memory_high_watermark', '0.0001'], ['set_vm_memory_high_watermark', '0.4'], lastsMs),
      FLUSHALL: () => this.flush(),
    };
    await actions[kind]!();
  }

  private serverOf(name: ServerName): Server {
    const { databaseServer, broker, queues } = this.site.installation;
    return { PostgreSQL: databaseServer, RabbitMQ: broker, Redis: queues }[name];
  }

  private async freezeServer(server: Server, forMs: number): Promise<void> {
    const frozen = signalServer(server, 'SIGSTOP');
    await delay(forMs).finally(() => signalServer(server, 'SIGCONT', frozen));
  }

  private async raiseAlarm(raise: readonly string[], clear: readonly string[], forMs: number): Promise<void> {
    const { broker } = this.site.installation;
    await broker.control(...raise);
    await delay(forMs).finally(() => broker.control(...clear));
  }

  private async flush(): Promise<void> {
    const redis = new Redis(this.site.installation.queues.url, { maxRetriesPerRequest: 2 });
    redis.on('error', () => undefined);
    await redis.flushall().finally(() => redis.disconnect());
  }

  /** Another subscriber's queue refuses events; then it is deleted. */
  private async fillQueue(forMs: number): Promise<void> {
    const connection = await connect(this.site.installation.broker.url);
    connection.on('error', () => undefined);
    const channel = await connection.createChannel();
    const limits = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };
    await channel.assertQueue(FULL_QUEUE, { durable: true, arguments: limits });
    await channel.bindQueue(FULL_QUEUE, 'crm.events', 'client.#');
    await delay(forMs);
    await channel.deleteQueue(FULL_QUEUE);
    await connection.close();
  }
}

async function restart(server: Server, end: () => Promise<void>, downMs: number): Promise<void> {
  await end();
  await delay(downMs);
  await server.start();
}
