import { addDays, businessDay, type CalendarDate, type Instant } from '#platform/kernel';

/** An office day in UTC, 9 to 18 in Moscow. */
const CLOSES_AT_HOUR = 15;
const OPEN_MS = 9 * 3_600_000;
/** Number of precomputed workdays: somewhat more than a year. */
const WORKDAYS = 280;

/** Working days and hours of an office, relative to the present: Monday to Friday, up to yesterday. */
export class WorkingTime {
  readonly today: CalendarDate;
  private readonly days: readonly CalendarDate[];

  /** @param timeZone IANA name of the zone in which today begins at midnight. */
  constructor(
    private readonly now: Instant,
    timeZone: string,
  ) {
    this.today = businessDay(now, timeZone);
    const days: CalendarDate[] = [];
    for (let day = addDays(this.today, -1); days.length < WORKDAYS; day = addDays(day, -1)) {
      if (!isWeekend(day)) days.push(day);
    }
    this.days = days;
  }

  /**
   * The moment `workdays` ago, counted in working hours from the end of the last workday: 0.5 is the middle of that day.
   * The more, the earlier; never after the present, whatever the time zone.
   */
  ago(workdays: number): Instant {
    const closing = Date.parse(`${this.day(workdays)}T${CLOSES_AT_HOUR}:00:00Z`);
    const at = new Date(Math.floor(closing - (workdays % 1) * OPEN_MS)).toISOString();
    return at < this.now ? at : this.now;
  }

  /** How many workdays ago the last workday up to `day` ended; 0 from the last workday on. */
  workdaysSince(day: CalendarDate): number {
    const index = this.days.findIndex((workday) => workday <= day);
    if (index === -1) throw new RangeError(`${day} is too long ago`);
    return index;
  }

  /** The calendar day of that moment. */
  day(workdays: number): CalendarDate {
    const day = this.days[Math.floor(workdays)];
    if (!day) throw new RangeError(`${workdays} workdays ago is too long ago`);
    return day;
  }
}

function isWeekend(day: CalendarDate): boolean {
  return [0, 6].includes(new Date(`${day}T00:00:00Z`).getUTCDay());
}
