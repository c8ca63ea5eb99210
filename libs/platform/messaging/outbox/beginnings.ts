import type { Instant } from '#platform/kernel';
import {
  type Aggregate,
  type Database,
  GroupCommit,
  type PreparedWrite,
  type TableMapping,
} from '#platform/persistence';
import { appendingEach } from './append-statement.js';
import { CHANGE_MEMBERS, type Change, type EventLog } from './event-log.js';

/** Rows that must be there for an insert to happen. */
export interface InsertCondition {
  /** Of its parameters. */
  readonly types: readonly string[];
  /** A FROM item over the parameters, which are SQL expressions. What it locks is what the first of them names. */
  readonly source: (parameters: readonly string[]) => string;
}

/** An event of a new aggregate. */
interface WrittenEvent {
  readonly key: string;
}

/** Stores new aggregates with their journal entry and their events, which begin a stream of their own: as a group. */
export class Beginnings<T extends Aggregate> {
  private readonly conditionTypes: readonly string[];
  private readonly group: GroupCommit<WrittenEvent>;

  constructor(
    database: Database,
    private readonly eventLog: EventLog,
    private readonly mapping: TableMapping<T>,
    condition: InsertCondition | undefined,
  ) {
    this.conditionTypes = condition?.types ?? [];
    const conditions = this.conditionTypes.map((type, index) => `${conditionName(index)} ${type}`);
    const members = [...mapping.members, ...conditions, ...CHANGE_MEMBERS];
    this.group = new GroupCommit(database, members, insertSql(mapping, condition));
  }

  /** Gives no row when the condition did not hold. */
  write(aggregate: T, conditionValues: readonly unknown[], change: Change, at: Instant): PreparedWrite<WrittenEvent> {
    return this.group.write(change.stream, () => {
      const record = this.mapping.insertRecord(aggregate);
      this.conditionTypes.forEach((_, index) => (record[conditionName(index)] = conditionValues[index]));
      return this.eventLog.changeRecord(record, change, at);
    });
  }
}

function insertSql<T extends Aggregate>(mapping: TableMapping<T>, condition?: InsertCondition): string {
  const parameters = (condition?.types ?? []).map((_, index) => `i.${conditionName(index)}`);
  // In one order, so that two statements don't wait for each other.
  const allowed = condition
    ? `(SELECT * FROM input ORDER BY ${conditionName(0)}) AS i CROSS JOIN LATERAL ${condition.source(parameters)}`
    : 'input AS i';
  return `, written AS (${mapping.insertFromSql(allowed, (name) => `i.${name}`)}
    ), told AS (SELECT * FROM input JOIN written USING (id))${appendingEach('told', { areBeginnings: true })}`;
}

function conditionName(index: number): string {
  return `condition_${index + 1}`;
}
