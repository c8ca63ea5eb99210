export { Aggregate, versionMismatch } from './aggregate.js';
export { ADVISORY_LOCKS } from './advisory-locks.js';
export { GroupCommit } from './batching/group-commit.js';
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
export { RowLoader } from './reading/row-loader.js';
export { arrayOfAnyLength, plannedEachTime, statement, type Statement } from './reading/statement.js';
export { TableMapping } from './table-mapping.js';
export { type PreparedWrite, UnitOfWork } from './unit-of-work.js';
export { brokenConstraint, isUnavailable } from './connection/database-errors.js';
export { SqlConditions } from './reading/sql-conditions.js';
