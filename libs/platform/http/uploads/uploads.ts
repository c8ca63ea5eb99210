import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { TransferSettings } from '#platform/config';
import { ArrivalWatch } from './arrival-watch.js';
import { type ReceivedFile, receiveFile } from './arriving-file.js';

/** Uploads whose handlers run at a time: each holds a database connection and a share of the event loop. */
const MAX_CONCURRENT = 2;
/** As long as the server lets any request arrive, in milliseconds. */
const DEADLINE_MS = 60_000;

/** An upload on the disk, whose handler may run. */
export interface Upload extends ReceivedFile {
  /** Deletes the file and lets the next upload's handler run; call it once, when the handler has ended. */
  release(): Promise<void>;
}

/** Receives uploaded files completely before their handlers run, so that no transaction waits for a client. */
@Injectable()
export class Uploads {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly settings: TransferSettings) {}

  /** @throws DomainError as {@link receiveFile} does. */
  async receive(request: FastifyRequest): Promise<Upload> {
    const { importBytes, uploadMinBytesPerSecond: minBytesPerSecond, uploadWindowMs: windowMs } = this.settings;
    const watch = new ArrivalWatch({ minBytesPerSecond, windowMs, deadlineMs: DEADLINE_MS });
    const received = await receiveFile(request, importBytes, watch);
    await this.acquire();
    const release = async (): Promise<void> => {
      this.next();
      await received.file.close();
    };
    return { ...received, release };
  }

  private async acquire(): Promise<void> {
    if (this.running < MAX_CONCURRENT) this.running++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private next(): void {
    const resume = this.waiting.shift();
    if (resume) resume();
    else this.running--;
  }
}
