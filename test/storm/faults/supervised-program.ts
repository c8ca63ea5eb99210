import { setTimeout as delay } from 'node:timers/promises';
import { until } from '#platform/testing';
import type { MovedClock } from '../../support/programs/moved-clock.js';
import { Program } from '../../support/programs/processes.js';
import type { ProcessName } from '../plan.js';

const RESTART_MS = 500;
const READY_WITHIN_MS = 180_000;

/** A process of the service that is started again whenever it ends, as an orchestrator does. */
export class SupervisedProgram {
  /** Ends that no fault explains. */
  readonly crashes: string[] = [];
  private isWanted = true;
  private isRetired = false;
  private wasReady = false;
  private isTakenDown = false;

  private constructor(
    readonly name: ProcessName,
    private readonly program: Program,
    readonly clock: MovedClock,
  ) {}

  static async start(name: ProcessName, env: NodeJS.ProcessEnv, clock: MovedClock): Promise<SupervisedProgram> {
    const program = await (name.startsWith('api') ? Program.api(env) : Program.worker(env));
    const supervised = new SupervisedProgram(name, program, clock);
    program.launch();
    void supervised.supervise();
    await supervised.recover();
    return supervised;
  }

  get url(): string {
    return this.program.url;
  }

  /** When its present process last began to lead a task; empty when it never did. */
  leadsSince(work: string): string {
    return (this.program.lastSaid('leading', { work })?.time ?? '') as string;
  }

  /** Ends it by a signal, and starts it again after some time. */
  async takeDown(signal: 'SIGKILL' | 'SIGTERM', downMs: number): Promise<void> {
    this.isTakenDown = true;
    this.isWanted = false;
    this.wasReady = false;
    const exit = await (signal === 'SIGKILL' ? this.program.kill() : this.program.stop());
    if (signal === 'SIGTERM' && exit.code !== 0) {
      this.crashes.push(`${this.name} ended with ${exit.code ?? exit.signal} after SIGTERM`);
    }
    await delay(downMs);
    this.isWanted = true;
    await this.recover();
    this.isTakenDown = false;
  }

  async freeze(forMs: number): Promise<void> {
    this.program.pause();
    await delay(forMs);
    this.program.resume();
  }

  /** Moves its clock and moves it back after some time. */
  async stepClock(byMs: number, forMs: number): Promise<void> {
    this.clock.set(new Date(Date.now() + byMs).toISOString());
    await delay(forMs);
    this.clock.set(new Date().toISOString());
  }

  /** From now on it is not started again. */
  retire(): void {
    this.isRetired = true;
  }

  /** Waits until it is ready. */
  async recover(): Promise<void> {
    await until(async () => (await this.program.readiness()) === 200, READY_WITHIN_MS);
    this.wasReady = true;
  }

  private async supervise(): Promise<void> {
    for (;;) {
      const { code, signal } = await this.program.exit;
      if (this.isRetired) return;
      if (!this.isTakenDown && this.wasReady && signal !== 'SIGKILL') {
        this.crashes.push(`${this.name} ended with ${code ?? signal} by itself:\n${this.program.lastWords(5)}`);
      }
      this.wasReady = false;
      while (!this.isWanted) await delay(RESTART_MS);
      await delay(RESTART_MS);
      if (this.isRetired) return;
      this.program.launch();
    }
  }
}
