import { Injectable } from '@nestjs/common';

/** Number and delays of retries. */
@Injectable()
export class JobRetries {
  /** Maximum number of runs; after the last one the request is `failed` and waits for an operator. */
  readonly attempts: number = 8;
  /** Milliseconds before the second run; doubled before each further one: two minutes in all. */
  readonly backoffMs: number = 1_000;
}
