import { tmpdir } from 'node:os';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { AuthenticatedRequest } from '#platform/auth';
import { TransferSettings } from '#platform/config';
import { DomainError } from '#platform/kernel';
import { UserConcurrencyLimit } from '../user-concurrency-limit.js';
import { ArrivalWatch } from './arrival-watch.js';
import { type ReceivedFile, receiveFile } from './arriving-file.js';

/** Uploads whose handlers run at a time: each holds a database connection and a share of the event loop. */
const MAX_CONCURRENT = 2;
/** Time limit for receiving a file, in milliseconds: that of every request. */
const DEADLINE_MS = 60_000;

/** An upload on the disk, whose handler may run. */
export interface Upload extends ReceivedFile {
  /** Deletes the file and lets the next upload's handler run; call it once, when the handler has ended. */
  release(): Promise<void>;
}

/** Receives uploaded files completely before their handlers run, so that no transaction waits for a client. */
@Injectable()
export class Uploads {
  private open = 0;
  private readonly limitPerUser: UserConcurrencyLimit;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly settings: TransferSettings) {
    this.limitPerUser = new UserConcurrencyLimit(settings.uploadsPerUser);
  }

  /** @throws DomainError 429 `too_many_uploads`, and as {@link receiveFile} does. */
  async receive(request: FastifyRequest): Promise<Upload> {
    const userId = (request as AuthenticatedRequest).user?.caller.userId ?? '';
    this.take(userId);
    try {
      const received = await this.spool(request);
      await this.acquire();
      const release = async (): Promise<void> => {
        this.next();
        this.giveBack(userId);
        await received.file.close();
      };
      return { ...received, release };
    } catch (error) {
      this.giveBack(userId);
      throw error;
    }
  }

  private spool(request: FastifyRequest): Promise<ReceivedFile> {
    const {
      importBytes,
      uploadDir,
      uploadMinBytesPerSecond: minBytesPerSecond,
      uploadWindowMs: windowMs,
    } = this.settings;
    const watch = new ArrivalWatch({ minBytesPerSecond, windowMs, deadlineMs: DEADLINE_MS });
    return receiveFile(request, { folder: uploadDir ?? tmpdir(), limitBytes: importBytes }, watch);
  }

  /** Bounds the files on the disk, those that are still arriving included. */
  private take(userId: string): void {
    if (this.open >= this.settings.uploads) throw tooManyUploads('Too many files are being received.');
    if (!this.limitPerUser.tryAcquire(userId)) {
      throw tooManyUploads(`You have ${this.settings.uploadsPerUser} uploads running, the most one user may have.`);
    }
    this.open++;
  }

  private giveBack(userId: string): void {
    this.open--;
    this.limitPerUser.release(userId);
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

function tooManyUploads(fact: string): DomainError {
  return new DomainError('too_many', 'too_many_uploads', `${fact} Try again in a moment.`, { retry_after: 5 });
}
