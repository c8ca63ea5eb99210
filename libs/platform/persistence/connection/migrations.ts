import { DataSource, type MigrationInterface } from 'typeorm';
import { ADVISORY_LOCKS } from '../advisory-locks.js';
import { DatabaseClient, databaseOptions } from './connection.js';

export type MigrationClass = new () => MigrationInterface;

/** How the database's schema stands to the code: `older` and `newer` both mean that this code must not serve. */
export type MigrationLevel = 'equal' | 'older' | 'newer';

/** A migration may rewrite a large table. */
const MIGRATION_TIMEOUT_MS = 0;

/**
 * Brings the schema up to the code's level: creates schema `crm` and applies what is missing, each in a transaction,
 * under an advisory lock. Safe to call from many processes at once.
 * @returns the names of the migrations applied now.
 */
export async function runMigrations(
  url: string,
  migrations: readonly MigrationClass[],
): Promise<{ readonly applied: readonly string[] }> {
  const guard = new DatabaseClient(databaseOptions(url, 'crm-migrate-lock', MIGRATION_TIMEOUT_MS));
  await guard.connect();
  try {
    await guard.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCKS.migration]);
    await guard.query('CREATE SCHEMA IF NOT EXISTS crm');
    const dataSource = await migrationDataSource(url, migrations).initialize();
    try {
      const applied = await dataSource.runMigrations();
      return { applied: applied.map(({ name }) => name) };
    } finally {
      await dataSource.destroy();
    }
  } finally {
    await guard.end();
  }
}

/** Compares the migrations recorded in the database with those of the code, by name. */
export async function migrationLevel(
  query: (sql: string) => Promise<readonly { name: string }[]>,
  migrations: readonly MigrationClass[],
): Promise<MigrationLevel> {
  const [{ name: table } = { name: null }] = await query(`SELECT to_regclass('crm.migrations')::text AS name`);
  if (!table) return 'older';
  const recorded = new Set((await query('SELECT name FROM crm.migrations')).map(({ name }) => name));
  const known = migrations.map(({ name }) => name);
  if (known.some((name) => !recorded.has(name))) return 'older';
  return recorded.size > known.length ? 'newer' : 'equal';
}

/** A data source without entities, which applies each migration in its own transaction. */
export function migrationDataSource(url: string, migrations: readonly MigrationClass[]): DataSource {
  const { connectionString, ...extra } = databaseOptions(url, 'crm-migrate', MIGRATION_TIMEOUT_MS);
  return new DataSource({
    type: 'postgres',
    url: connectionString,
    schema: 'crm',
    migrations: [...migrations],
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    installExtensions: false,
    extra,
  });
}
