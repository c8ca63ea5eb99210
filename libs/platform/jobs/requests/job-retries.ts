import { Injectable } from '@nestjs/common';

/** How often and how soon work that failed is tried again. */
@Injectable()
export class JobRetries {
  /** Runs in all; after the last one the request is `failed` and waits for a person. */
  readonly attempts: number = 8;
  /** Milliseconds before the second run; doubled before each further one: two minutes in all. */
  readonly backoffMs: number = 1_000;
}
