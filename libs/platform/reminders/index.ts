export {
  dayCount,
  type Reminder,
  type ReminderDates,
  type ReminderFollowUp,
  type ReminderKind,
  writtenDate,
} from './reminder.js';
export { ReminderFacts } from './reminder-facts.js';
export { RemindersModule } from './reminders.module.js';
