export { type Reminder, type ReminderDates, type ReminderFollowUp, type ReminderKind } from './reminder.js';
export { ReminderFacts } from './reminder-facts.js';
export { RemindersModule } from './reminders.module.js';
export { dayCount, writtenDate } from './texts.js';
