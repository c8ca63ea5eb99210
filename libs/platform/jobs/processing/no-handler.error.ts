import { UnrecoverableError } from 'bullmq';

/** A job without a handler in this worker: not a failure of the job, a newer worker may have the handler. */
export class NoHandlerError extends UnrecoverableError {
  constructor(queue: string, name: string) {
    super(`no handler for ${queue}/${name} in this worker`);
  }
}
