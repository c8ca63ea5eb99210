/** A moment in UTC as RFC 3339 with milliseconds and `Z`; compares correctly as text. */
export type Instant = string;

/** Writes a `Date` as an {@link Instant}. */
export function instant(date: Date): Instant {
  return date.toISOString();
}

/** The only source of the present moment; tests put a fixed one in its place. */
export abstract class Clock {
  abstract now(): Instant;
}

export class SystemClock extends Clock {
  now(): Instant {
    return instant(new Date());
  }
}
