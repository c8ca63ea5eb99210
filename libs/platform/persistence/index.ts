export { Aggregate, versionMismatch } from './aggregate.js';
export { ADVISORY_LOCKS } from './advisory-locks.js';
export { GroupCommit } from './group-commit.js';
export { Database } from './database.js';
export { DatabaseClient, databaseOptions } from './connection.js';
export { Lease } from './lease.js';
export {
  migrationDataSource,
  migrationLevel,
  runMigrations,
  type MigrationClass,
  type MigrationLevel,
} from './migrations.js';
export { PersistenceModule } from './persistence.module.js';
export { RowCache, type RowMark } from './row-cache.js';
export { RowLoader } from './row-loader.js';
export { arrayOfAnyLength, plannedEachTime, statement, type Statement } from './statement.js';
export { TableMapping } from './table-mapping.js';
export { type PreparedWrite, UnitOfWork } from './unit-of-work.js';
export { brokenConstraint, isUnavailable } from './database-errors.js';
export { SqlConditions } from './sql-conditions.js';
