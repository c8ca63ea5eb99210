import { Injectable } from '@nestjs/common';
import { Database, statement } from '#platform/persistence';

/** Months after the current one that have partitions. */
const AHEAD = 3;
/** With fewer, rows would soon go into the default partition. */
const MIN_MONTHS_AHEAD = 1;

const MISSING = statement('SELECT parent, month FROM crm.missing_partitions($1::int)');
const ADD = statement('SELECT crm.add_partition($1::text, $2::date)');

/** A partition by its table and the first day of its month. */
interface MonthPartition {
  readonly parent: string;
  readonly month: string;
}

/** The partitions by month of the event log and the journals. */
@Injectable()
export class LogPartitions {
  constructor(private readonly database: Database) {}

  /** Makes those of this month and the next ones that are not there yet. Idempotent, in any number of workers at once. */
  async add(): Promise<void> {
    for (const { parent, month } of await this.missing(AHEAD)) await this.database.query(ADD, [parent, month]);
  }

  /** @throws Error naming a partition that should be there: nothing is lost, but it takes a person to see why. */
  async require(): Promise<void> {
    const [missing] = await this.missing(MIN_MONTHS_AHEAD);
    if (!missing) return;
    const { parent, month } = missing;
    throw new Error(`crm.${parent} has no partition for ${month.slice(0, 7)}: see why the job add-partitions fails`);
  }

  private missing(ahead: number): Promise<MonthPartition[]> {
    return this.database.query<MonthPartition>(MISSING, [ahead]);
  }
}
