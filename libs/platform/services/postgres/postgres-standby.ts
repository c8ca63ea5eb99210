import { execFile } from 'node:child_process';
import { chownSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import type { Owner } from '../processes/server-process.js';
import { freePort } from '../processes/ports.js';
import type { Server } from '../server.js';
import { PostgresServer, postgresProcess } from './postgres.js';
import { postgresBinaries } from './postgres-binaries.js';
import { postgresHome } from './postgres-home.js';

/**
 * Starts a streaming standby of a PostgreSQL that {@link startPostgres} started in this process. The URL has the same
 * user, password and database; `SELECT pg_promote()` makes it a primary.
 * @param name the `application_name` of its replication, for `synchronous_standby_names`.
 */
export async function startStandby(primary: Server, name: string, durable = false): Promise<Server> {
  const home = postgresHome(undefined);
  const { owner } = home;
  await copyData(primary.url, join(home.path, 'data'), owner);
  const port = await freePort();
  const url = new URL(primary.url);
  url.port = String(port);
  const { hostname, port: primaryPort, username, password } = new URL(primary.url);
  const source = `host=${hostname} port=${primaryPort} user=${username} password=${password} application_name=${name}`;
  const args = ['-c', `primary_conninfo=${source}`, '-c', 'hot_standby_feedback=on'];
  const main = postgresProcess(home, postgresBinaries(owner), url.href, port, durable, args);
  const server = new PostgresServer(url.href, port, main, home.scratch);
  await server.start();
  return server;
}

/** Takes a base backup as files: `pg_basebackup` is not among the binaries that come with npm. */
async function copyData(primaryUrl: string, target: string, owner: Owner | undefined): Promise<void> {
  const client = new pg.Client({ connectionString: primaryUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ source: string }>(`SELECT current_setting('data_directory') AS source`);
    await client.query(`SELECT pg_backup_start('standby', true)`);
    await promisify(execFile)('cp', ['-a', rows[0]!.source, target]);
    const stopped = await client.query<{ label: string }>('SELECT labelfile AS label FROM pg_backup_stop(false)');
    rmSync(join(target, 'postmaster.pid'));
    writeOwned(join(target, 'backup_label'), stopped.rows[0]!.label, owner);
    writeOwned(join(target, 'standby.signal'), '', owner);
  } finally {
    await client.end();
  }
}

function writeOwned(file: string, text: string, owner: Owner | undefined): void {
  writeFileSync(file, text, { mode: 0o600 });
  if (owner) chownSync(file, owner.uid, owner.gid);
}
