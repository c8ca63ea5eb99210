import { Injectable } from '@nestjs/common';
import { EventBus } from '@nestjs/cqrs';
import { DomainError, type Instant } from '#platform/kernel';
import { type Aggregate, Database, TableMapping, UnitOfWork, versionMismatch } from '#platform/persistence';
import { DataSource, type EntityTarget } from 'typeorm';
import { EventLog } from './event-log.js';
import { type InsertCondition, type PartMapping, type WriteInput, WriteStatement } from './write-statement.js';

/** Dependencies of every aggregate repository. */
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
interface RepositoryOptions<T extends Aggregate> {
  readonly insertCondition?: InsertCondition;
  /** Entities whose rows are stored together with their aggregate; see {@link PartMapping}. */
  readonly parts?: readonly { readonly entity: EntityTarget<Aggregate>; readonly changed: PartMapping<T>['changed'] }[];
}

/**
 * Base of repositories: the row of an aggregate, its journal entry and its events are one write, in one round trip.
 *
 * Saving publishes the aggregate's events to their handlers first, which record what goes to the journal and the log;
 * then one statement writes the row under its version guard and appends what was recorded. A handler that throws
 * leaves nothing behind. Handlers of commands that form a batch share the statement.
 */
export abstract class AggregateRepository<T extends Aggregate> {
  protected readonly mapping: TableMapping<T>;
  private readonly inserts: WriteStatement<T>;
  private readonly unconditionalInserts: WriteStatement<T>;
  private readonly updates: WriteStatement<T>;

  protected constructor(
    protected readonly store: AggregateStore,
    entity: EntityTarget<T>,
    { insertCondition: condition, parts: partOptions = [] }: RepositoryOptions<T> = {},
  ) {
    this.mapping = new TableMapping(store.dataSource.getMetadata(entity));
    const parts = partOptions.map(({ entity: part, changed }) => {
      return { mapping: new TableMapping<Aggregate>(store.dataSource.getMetadata(part)), changed };
    });
    this.inserts = new WriteStatement(this.mapping, 'insert', { condition });
    this.unconditionalInserts = condition ? new WriteStatement(this.mapping, 'insert') : this.inserts;
    this.updates = new WriteStatement(this.mapping, 'update', { parts });
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
      isNew ? this.inserts : this.updates,
      async () => [await this.inputOf(aggregate, at, conditionValues)],
      ([isWritten]) => {
        if (isWritten) return;
        throw isNew ? this.refusedInsert() : aggregate.isVersionExpected ? versionMismatch() : editConflict();
      },
    );
    markStored(aggregate);
  }

  /**
   * Stores new aggregates in one round trip, each with its journal and events as {@link write} does it, but without
   * the insert condition: the caller has locked the rows that it names.
   */
  protected async insertAll(aggregates: readonly T[], at: Instant): Promise<void> {
    if (aggregates.length === 0) return;
    await this.store.unitOfWork.write(
      this.unconditionalInserts,
      async () => {
        const inputs: WriteInput<T>[] = [];
        for (const aggregate of aggregates) inputs.push(await this.inputOf(aggregate, at, []));
        return inputs;
      },
      () => undefined,
    );
    aggregates.forEach(markStored);
  }

  private async inputOf(aggregate: T, at: Instant, conditionValues: readonly unknown[]): Promise<WriteInput<T>> {
    const events = aggregate.getUncommittedEvents();
    const { eventLog, eventBus } = this.store;
    const changes = await eventLog.collect(() => Promise.resolve(eventBus.publishAll(events)));
    return { aggregate, changes: eventLog.jsonOf(changes, at), conditionValues };
  }

  /** Why an insert's condition can fail, in the domain's words. */
  protected refusedInsert(): Error {
    return editConflict();
  }
}

function markStored(aggregate: Aggregate): void {
  aggregate.uncommit();
  aggregate.loadedVersion = aggregate.currentVersion;
}

function editConflict(): DomainError {
  return new DomainError(
    'conflict',
    'edit_conflict',
    'Someone else changed it at the same moment: read it again and retry.',
  );
}
