/** What became of a request: not answered, or answered 503, means that it may have had its effect. */
export type Outcome = 'acknowledged' | 'refused' | 'unclear';

/** A write as the load generator saw it. */
export interface Write {
  readonly kind: string;
  readonly outcome: Outcome;
  /** Unique texts of the rows that it creates. */
  readonly rowTags: readonly string[];
  /** Keys of its events; empty unless it was acknowledged. */
  readonly eventKeys: readonly string[];
}

/** What the load generator has sent, and how it was answered. */
export class Ledger {
  readonly writes: Write[] = [];
  /** Answers that no fault excuses, such as a 500, or a 404 for an acknowledged row. */
  readonly badAnswers: string[] = [];
  /** Repetitions with an `Idempotency-Key` that were answered otherwise than the first request. */
  readonly badReplays: string[] = [];
  /** Versions that more than one request won with the same `If-Match`. */
  readonly lostRaces: string[] = [];
  /** Number of refusals by kind of write and problem code. */
  readonly refusals = new Map<string, number>();
  /** Requests that were sent again with their key until they were answered. */
  repeated = 0;
  races = 0;
  private rowTagsGiven = 0;
  private acknowledgedCount = 0;

  get acknowledged(): number {
    return this.acknowledgedCount;
  }

  /** A text that no other row has. */
  nextRowTag(): string {
    this.rowTagsGiven += 1;
    return `storm-${String(this.rowTagsGiven).padStart(8, '0')}`;
  }

  add(write: Write): void {
    this.writes.push(write);
    if (write.outcome === 'acknowledged') this.acknowledgedCount += 1;
  }

  refuse(kind: string, code: string): void {
    const name = `${kind}: ${code}`;
    this.refusals.set(name, (this.refusals.get(name) ?? 0) + 1);
  }

  count(outcome: Outcome): number {
    return this.writes.filter((write) => write.outcome === outcome).length;
  }
}
