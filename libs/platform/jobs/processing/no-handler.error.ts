import { UnrecoverableError } from 'bullmq';

/** A job that this worker has no handler for: no failure of the work, a newer worker may have it. */
export class NoHandlerError extends UnrecoverableError {
  constructor(queue: string, name: string) {
    super(`no handler for ${queue}/${name} in this worker`);
  }
}
