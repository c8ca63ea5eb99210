import type { INestApplicationContext, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { addDays, type CalendarDate, Clock } from '#platform/kernel';
import { ProjectionRebuilds } from '#platform/messaging';
import { testEnvironment, until } from '#platform/testing';
import { WorkerModule } from '../../apps/worker/src/worker.module.js';
import type { Crm } from './crm.js';

const SETTLES_WITHIN_MS = 120_000;

/** A published reminder in the log. */
export interface LoggedReminder {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>> & { readonly key: string };
}

/** A database, and the clock of its applications. */
type Site = Pick<Crm, 'database' | 'clock'>;

/** A worker in the test's own process, under the clock of a {@link Crm}. */
export class WorkerHarness {
  private constructor(
    private readonly crm: Site,
    private readonly app: INestApplicationContext,
  ) {}

  static async start(crm: Site): Promise<WorkerHarness> {
    const env = testEnvironment({ databaseUrl: crm.database.url }, { CRM_RECONCILE_MS: '100' });
    const module = await Test.createTestingModule({ imports: [WorkerModule.forRoot(env)] })
      .overrideProvider(Clock)
      .useValue(crm.clock)
      .compile();
    const worker = new WorkerHarness(crm, await module.init());
    await worker.advanceTo(crm.clock.now().slice(0, 10));
    return worker;
  }

  /** Moves the clock to a later day; resolves when the daily runs of that day and of the skipped days are done. */
  async advanceTo(day: CalendarDate): Promise<void> {
    this.crm.clock.set(`${day}T06:00:00.000Z`);
    await until(async () => {
      const [left] = await this.crm.database.rows<{ schedules: number; behind: number; pending: number }>(
        `SELECT count(*)::int AS schedules, (count(*) FILTER (WHERE caught_up_through < $1::date))::int AS behind,
           (SELECT count(*)::int FROM crm.job_requests WHERE state = 'pending') AS pending FROM crm.job_schedules`,
        [day],
      );
      return left!.schedules > 0 && left!.behind === 0 && left!.pending === 0;
    }, SETTLES_WITHIN_MS);
  }

  /** Waits until the projection of reminders has processed every event, and every job is done. */
  async settled(): Promise<void> {
    await this.projected('reminders');
    await this.advanceTo(this.crm.clock.now().slice(0, 10));
  }

  /** Waits until a projection has processed every event. */
  async projected(name: string): Promise<void> {
    await until(async () => {
      const [log] = await this.crm.database.rows<{ is_read: boolean }>(
        `SELECT NOT EXISTS (SELECT FROM crm.event_log WHERE position IS NULL) AND p.position = s.position AND NOT EXISTS (
           SELECT FROM crm.projections WHERE name = $1 AND rebuild_requested_at IS NOT NULL) AS is_read
         FROM crm.event_cursors s, crm.event_cursors p
         WHERE s.name = 'sequencer' AND p.name = 'projection/' || $1`,
        [name],
      );
      return log?.is_read;
    }, SETTLES_WITHIN_MS);
  }

  /** Rebuilds a projection from the first event. */
  async rebuild(name: string): Promise<void> {
    await this.get(ProjectionRebuilds).request(name, false);
    await this.projected(name);
  }

  /** Keys of the published reminders of a subject, sorted by date, without the subject: `deal.payment.due 2026-03-18`. */
  async reminderKeys(subjectId: string): Promise<string[]> {
    const reminders = await this.remindersOf(subjectId);
    return reminders.map(({ type, data }) => `${type} ${data.key.split('/').at(-1)}`).sort(byDate);
  }

  /** Published reminders of a subject, in the order of the log. */
  remindersOf(subjectId: string): Promise<LoggedReminder[]> {
    return this.crm.database.rows<LoggedReminder>(
      `SELECT type, data FROM crm.event_log WHERE split_part(data ->> 'key', '/', 2) = $1 ORDER BY seq`,
      [subjectId],
    );
  }

  /** A provider of the worker. */
  get<T>(type: Type<T>): T {
    return this.app.get(type, { strict: false });
  }

  close(): Promise<void> {
    return this.app.close();
  }
}

/** Keys of reminders of one type, so many days after a date. */
export function on(type: string, date: CalendarDate, ...days: readonly number[]): string[] {
  return days.map((count) => `${type} ${addDays(date, count)}`);
}

/** Compares keys by date, as {@link WorkerHarness.reminderKeys} sorts them. */
export function byDate(one: string, other: string): number {
  const place = (given: string): string => given.split(' ').reverse().join(' ');
  return place(one) < place(other) ? -1 : 1;
}
