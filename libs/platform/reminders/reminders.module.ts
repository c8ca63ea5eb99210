import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { JobsModule } from '#platform/jobs';
import type { ReminderKind } from './reminder.js';
import { dailyRemindersOf, reminderOfOne } from './reminder-jobs.js';
import { ReminderKinds, ReminderProjection } from './reminder.projection.js';
import { ReminderWindow } from './reminder-window.js';
import { Reminders } from './reminders.js';

const SHARED: Provider[] = [Reminders, ReminderKinds, ReminderWindow];

/** Reminders: `forRoot` once in the worker, `forFeature` in the worker module of each domain that declares kinds. */
@Module({})
export class RemindersModule {
  /** What all kinds share: the window of days, and the projection that reads changes from the log. */
  static forRoot(): DynamicModule {
    return { module: RemindersModule, global: true, providers: [...SHARED, ReminderProjection], exports: SHARED };
  }

  /** Publishes reminders of the declared kinds, each on a queue of its own. */
  static forFeature(...kinds: readonly ReminderKind<never>[]): DynamicModule {
    return {
      module: RemindersModule,
      imports: [JobsModule.registerProcessor(...kinds.map(({ queue }) => queue))],
      providers: kinds.flatMap((kind) => [dailyRemindersOf(kind), reminderOfOne(kind), registrationOf(kind)]),
    };
  }
}

function registrationOf(kind: ReminderKind<never>): Provider {
  return { provide: Symbol(kind.name), inject: [ReminderKinds], useFactory: (kinds: ReminderKinds) => kinds.add(kind) };
}
