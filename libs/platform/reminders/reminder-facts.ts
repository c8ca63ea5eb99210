import { DateField, IntegerField, TextField, UuidField } from '#platform/http';
import type { CalendarDate } from '#platform/kernel';

/** Common data of every reminder, beside the ids and the resource of its domain. */
export class ReminderFacts {
  @TextField({ min: 1, max: 200, description: 'The same for the same reminder, whenever it comes.' })
  readonly key!: string;

  @DateField({ description: 'By when the assignee should act.' })
  readonly due_date!: CalendarDate;

  @IntegerField({
    min: 0,
    max: 4_000_000,
    description: 'Days since the date that the reminder is about; 0 on that date.',
  })
  readonly days_late!: number;

  @UuidField({ each: true, description: 'Users who should act; empty when a role is named instead.' })
  readonly assignee_ids!: readonly string[];

  @TextField({
    min: 1,
    max: 64,
    each: true,
    description: 'Roles of which one user should act; empty when a user is named.',
  })
  readonly assignee_roles!: readonly string[];

  @TextField({ min: 1, max: 500, description: 'Subject of a task.' })
  readonly subject!: string;

  @TextField({ min: 1, max: 2_000, multiline: true, description: 'Description of a task.' })
  readonly description!: string;
}
