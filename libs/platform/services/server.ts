import { rm } from 'node:fs/promises';
import type { ServerProcess } from './processes/server-process.js';

export interface ServiceOptions {
  /** Folder for the server's files, which persist between runs; without it they are temporary. */
  readonly dataDirectory?: string | undefined;
  /** False (the default) gives up what a crash of the machine would cost for speed: for tests. */
  readonly durable?: boolean | undefined;
}

/** A real server on a private port of 127.0.0.1. */
export interface Server {
  readonly url: string;
  readonly port: number;
  /** Undefined while it doesn't run. */
  readonly pid: number | undefined;
  /** Starts it again on the same port with the same data; does nothing when it runs. */
  start(): Promise<void>;
  /** Stops it in order; its data stay. */
  stop(): Promise<void>;
  /** `kill -9`. */
  kill(): Promise<void>;
  /** Resolves when the running server has ended for any reason. */
  ended(): Promise<void>;
  /** Stops it for good; a data directory that was made for this run alone is deleted. */
  discard(): Promise<void>;
}

/** A server made of one main process and perhaps one that must run before and end after it. */
export class ProcessServer implements Server {
  /**
   * @param scratch the data directory, when it was made for this run alone.
   * @param companion started before the main process and stopped after it.
   */
  constructor(
    readonly url: string,
    readonly port: number,
    private readonly main: ServerProcess,
    private readonly scratch?: string,
    private readonly companion?: ServerProcess,
  ) {}

  get pid(): number | undefined {
    return this.main.pid;
  }

  async start(): Promise<void> {
    try {
      await this.companion?.start();
      await this.main.start();
    } catch (error) {
      await this.companion?.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.main.stop();
    await this.companion?.stop();
  }

  async kill(): Promise<void> {
    await this.main.kill();
    await this.companion?.kill();
  }

  async ended(): Promise<void> {
    await this.main.ended();
  }

  async discard(): Promise<void> {
    await this.stop();
    if (this.scratch) await rm(this.scratch, { recursive: true, force: true });
  }
}
