import { Injectable } from '@nestjs/common';

/** Limits of a transaction that several requests share. */
@Injectable()
export class JobBatchLimits {
  readonly maxBatchSize: number = 25;
  /** After this time no further handler starts; the remaining jobs run in the next transaction. */
  readonly maxMs: number = 100;
}
