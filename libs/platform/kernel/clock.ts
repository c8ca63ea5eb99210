/** A moment in UTC as RFC 3339 with milliseconds and `Z`; compares correctly as text. */
export type Instant = string;

/** Writes a `Date` as an {@link Instant}. */
export function instant(date: Date): Instant {
  return date.toISOString();
}

/** The only source of the present moment; tests put a fixed one in its place. */
export abstract class Clock {
  abstract now(): Instant;

  /** The same in milliseconds since the Unix epoch. */
  epochMs(): number {
    return Date.parse(this.now());
  }
}

export class SystemClock extends Clock {
  now(): Instant {
    return instant(new Date());
  }

  override epochMs(): number {
    return Date.now();
  }
}
