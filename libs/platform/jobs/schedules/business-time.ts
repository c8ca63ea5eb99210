import { Injectable } from '@nestjs/common';
import { RuntimeSettings } from '#platform/config';
import { businessDay, type CalendarDate, Clock, type Instant } from '#platform/kernel';

/** Current time in the business's time zone. */
@Injectable()
export class BusinessTime {
  private readonly timeOfDay: Intl.DateTimeFormat;

  constructor(
    private readonly clock: Clock,
    private readonly settings: RuntimeSettings,
  ) {
    const { timeZone } = settings;
    this.timeOfDay = new Intl.DateTimeFormat('sv-SE', {
      timeZone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
  }

  /** One moment as the instant, the business day, and the time of day as `HH:MM`. */
  now(): { instant: Instant; day: CalendarDate; time: string } {
    const instant = this.clock.now();
    const day = businessDay(instant, this.settings.timeZone);
    return { instant, day, time: this.timeOfDay.format(new Date(instant)) };
  }
}
