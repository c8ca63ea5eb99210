import { Injectable } from '@nestjs/common';

/** Limits of a transaction that several requests share. */
@Injectable()
export class JobBatchLimits {
  readonly maxBatchSize: number = 25;
  /** No further handler starts after so many milliseconds, so that row locks are short; the others follow in the next one. */
  readonly maxMs: number = 100;
}
