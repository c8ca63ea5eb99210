import { Clock, instant, type Instant } from '#platform/kernel';

const DAY_MS = 86_400_000;

/** A clock that stands still until it is moved. */
export class FixedClock extends Clock {
  constructor(private at: Instant) {
    super();
  }

  now(): Instant {
    return this.at;
  }

  set(at: Instant): void {
    this.at = at;
  }

  /** Goes on by `days` of 24 hours; back when negative, by parts of a day when it is no whole number. */
  advanceDays(days: number): void {
    this.at = instant(new Date(Date.parse(this.at) + days * DAY_MS));
  }
}
