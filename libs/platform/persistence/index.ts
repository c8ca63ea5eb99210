export { Aggregate, versionMismatch } from './aggregate.js';
export { ADVISORY_LOCKS } from './advisory-locks.js';
export { Batches } from './batching/batches.js';
export { BatchSelect, inputSql } from './batching/batch-select.js';
export { Database } from './connection/database.js';
export { DatabaseClient, databaseOptions } from './connection/connection.js';
export { ItemCache, type ItemSource, ListReader } from './reading/list-reader.js';
export { Lease, LEASE_IS_HELD } from './lease.js';
export {
  migrationDataSource,
  migrationLevel,
  runMigrations,
  type MigrationClass,
  type MigrationLevel,
} from './connection/migrations.js';
export { PersistenceModule } from './persistence.module.js';
export { PRIMARY_LSN, REPLICA_LSN } from './replica/replica-monitor.js';
export { ReadReplica } from './replica/read-replica.js';
export { RowLoader } from './reading/row-loader.js';
export { arrayOfAnyLength, plannedEachTime, statement, type Statement } from './reading/statement.js';
export { TableMapping } from './table-mapping.js';
export type { BatchWork } from './batching/batch-transaction.js';
export type { BatchOperation, RunStatement } from './batching/transaction.js';
export { UnitOfWork } from './unit-of-work.js';
export { brokenConstraint, isUnavailable } from './connection/database-errors.js';
export { SqlConditions } from './reading/sql-conditions.js';
