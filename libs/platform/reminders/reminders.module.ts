import { type DynamicModule, Module } from '@nestjs/common';
import { JobsModule } from '#platform/jobs';
import { LateSubjects } from './late-subjects.js';
import type { ReminderKind } from './reminder.js';
import { dailyRemindersOf, reminderOfOne } from './reminder-jobs.js';
import { Reminders } from './reminders.js';

/** Gives reminders of the declared kinds, each on a queue of its own; for the worker module of a domain. */
@Module({})
export class RemindersModule {
  static of(...kinds: readonly ReminderKind<never>[]): DynamicModule {
    return {
      module: RemindersModule,
      imports: [JobsModule.processing(...kinds.map(({ queue }) => queue))],
      providers: [Reminders, LateSubjects, ...kinds.flatMap((kind) => [dailyRemindersOf(kind), reminderOfOne(kind)])],
      exports: [Reminders, LateSubjects],
    };
  }
}
