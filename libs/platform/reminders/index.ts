export { LateSubjects } from './late-subjects.js';
export { type Reminder, type ReminderFollowUp, type ReminderKind } from './reminder.js';
export { ReminderFacts } from './reminder-facts.js';
export { Reminders } from './reminders.js';
export { RemindersModule } from './reminders.module.js';
