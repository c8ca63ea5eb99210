import { Injectable } from '@nestjs/common';
import { EventBus } from '@nestjs/cqrs';
import { DomainError, type Instant } from '#platform/kernel';
import {
  type Aggregate,
  Database,
  statement,
  type Statement,
  TableMapping,
  UnitOfWork,
  versionMismatch,
} from '#platform/persistence';
import { DataSource, type EntityTarget } from 'typeorm';
import { appendingOne, oneChangeParameters } from './append-statement.js';
import { Beginnings, type InsertCondition } from './beginnings.js';
import { EventLog } from './event-log.js';

/** What every repository of aggregates stands on. */
@Injectable()
export class AggregateStore {
  constructor(
    readonly dataSource: DataSource,
    readonly database: Database,
    readonly unitOfWork: UnitOfWork,
    readonly eventLog: EventLog,
    readonly eventBus: EventBus,
  ) {}
}

/** What is particular to a repository. */
interface RepositoryOptions {
  /** Its parameters come after the row's own. */
  readonly insertCondition?: InsertCondition;
  /** Whether each new aggregate begins a stream of its own with one change that has a journal entry. */
  readonly beginsStreams?: boolean;
}

/** The functions of the database that append to journal and log. */
type Appending = 'append_changes' | 'append_beginnings';

/**
 * Base of repositories: an aggregate's row, its journal entry and its events are one write, in one round trip.
 *
 * Saving publishes the aggregate's events to their handlers first, which record what goes to the journal and the log;
 * then one statement writes the row under its version guard and appends what was recorded. A handler that throws
 * leaves nothing behind.
 */
export abstract class AggregateRepository<T extends Aggregate> {
  protected readonly mapping: TableMapping<T>;
  private readonly inserts: WriteStatements;
  private readonly updates: WriteStatements;
  private readonly beginnings: Beginnings<T> | undefined;
  private readonly insertAllStatements: Readonly<Record<Appending, Statement>>;

  protected constructor(
    protected readonly store: AggregateStore,
    entity: EntityTarget<T>,
    { insertCondition, beginsStreams = false }: RepositoryOptions = {},
  ) {
    this.mapping = new TableMapping(store.dataSource.getMetadata(entity));
    const own = this.mapping.insertParameterCount;
    const parameters = (insertCondition?.types ?? []).map((type, index) => `$${own + 1 + index}::${type}`);
    this.inserts = withLog(this.mapping.insertSql(insertCondition?.source(parameters)), own + parameters.length);
    this.beginnings = beginsStreams
      ? new Beginnings(store.database, store.eventLog, this.mapping, insertCondition)
      : undefined;
    this.updates = withLog(this.mapping.updateSql(), this.mapping.updateParameterCount);
    this.insertAllStatements = {
      append_changes: allWithLog(this.mapping.insertAllSql(), own, 'append_changes'),
      append_beginnings: allWithLog(this.mapping.insertAllSql(), own, 'append_beginnings'),
    };
  }

  /**
   * Stores a new aggregate, or the changes of a loaded one.
   * @param conditionValues parameters of the insert condition, when the repository has one.
   * @throws DomainError when another change came first: stale `version_mismatch` if the caller named the version it
   *   saw, else conflict `edit_conflict`; what {@link refusedInsert} says when the insert's condition did not hold.
   */
  protected async write(aggregate: T, at: Instant, conditionValues: readonly unknown[] = []): Promise<void> {
    const isNew = aggregate.loadedVersion === 0;
    await this.store.unitOfWork.write(
      async () => {
        const events = aggregate.getUncommittedEvents();
        const changes = await this.store.eventLog.collect(() =>
          Promise.resolve(this.store.eventBus.publishAll(events)),
        );
        const row = (): readonly unknown[] =>
          isNew ? [...this.mapping.insertValues(aggregate), ...conditionValues] : this.mapping.updateValues(aggregate);
        const { one, oneEntered, any } = isNew ? this.inserts : this.updates;
        const [change, ...others] = changes;
        if (!change || others.length > 0 || change.events.length === 0) {
          return { statement: any, values: () => [...row(), ...this.store.eventLog.parameters(changes, at)] };
        }
        if (isNew && change.entry && this.beginnings) {
          return this.beginnings.write(aggregate, conditionValues, change, at);
        }
        return {
          statement: change.entry ? oneEntered : one,
          values: () => [...row(), ...this.store.eventLog.oneChange(change, at)],
        };
      },
      (rows) => {
        if (rows.length > 0) return;
        throw isNew ? this.refusedInsert() : aggregate.isVersionExpected ? versionMismatch() : editConflict();
      },
    );
    aggregate.uncommit();
    aggregate.loadedVersion = aggregate.currentVersion;
  }

  /**
   * Stores new aggregates, many in one round trip, each with its journal and events as {@link write} does it; whether
   * they may be there is the caller's affair, who holds what they stand on.
   * @param appending `append_beginnings`, several times faster, when each begins a stream of its own with one change.
   */
  protected async insertAll(aggregates: readonly T[], at: Instant, appending: Appending): Promise<void> {
    if (aggregates.length === 0) return;
    await this.store.unitOfWork.write(async () => {
      const events = aggregates.flatMap((aggregate) => aggregate.getUncommittedEvents());
      const changes = await this.store.eventLog.collect(() => Promise.resolve(this.store.eventBus.publishAll(events)));
      return {
        statement: this.insertAllStatements[appending],
        values: () => [...this.mapping.insertColumns(aggregates), ...this.store.eventLog.parameters(changes, at)],
      };
    });
    for (const aggregate of aggregates) {
      aggregate.uncommit();
      aggregate.loadedVersion = aggregate.currentVersion;
    }
  }

  /** Why an insert's condition can fail, in the domain's words. */
  protected refusedInsert(): Error {
    return editConflict();
  }
}

/** A write with what it appends: one change without or with a journal entry, or any number of them. */
interface WriteStatements {
  readonly one: Statement;
  readonly oneEntered: Statement;
  readonly any: Statement;
}

function withLog(write: string, parameterCount: number): WriteStatements {
  const [changes, trace, at] = [1, 2, 3].map((offset) => `$${parameterCount + offset}`);
  const change = oneChangeParameters('written', parameterCount + 1);
  return {
    one: statement(`WITH written AS (${write})${appendingOne({ ...change, entry: null })}`),
    oneEntered: statement(`WITH written AS (${write})${appendingOne(change)}`),
    any: statement(
      `WITH written AS (${write})
       SELECT crm.append_changes(${changes}::jsonb, ${trace}::text, ${at}::timestamptz) AS heads FROM written`,
    ),
  };
}

/** The function runs once, after the last row is written. */
function allWithLog(write: string, parameterCount: number, appending: Appending): Statement {
  const [changes, trace, at] = [1, 2, 3].map((offset) => `$${parameterCount + offset}`);
  return statement(
    `WITH written AS (${write})
     SELECT crm.${appending}(${changes}::jsonb, ${trace}::text, ${at}::timestamptz)::text AS heads
     FROM (SELECT count(*) FROM written) AS all_of_them`,
  );
}

function editConflict(): DomainError {
  return new DomainError(
    'conflict',
    'edit_conflict',
    'Someone else changed it at the same moment: read it again and retry.',
  );
}
