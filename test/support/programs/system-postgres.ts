import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { findOrInstall, freePort, ServerProcess } from '#platform/services';

const PACKAGED = '/usr/lib/postgresql';
/** Characters that a URL and a shell treat specially. */
const PASSWORD = `it's a "p@ss" $word/%`;

/** The newest PostgreSQL of the operating system, whose client tools have the version of the server. */
function binariesFolder(): string | undefined {
  const versions = existsSync(PACKAGED) ? readdirSync(PACKAGED).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(PACKAGED, version, 'bin')).find((folder) => existsSync(join(folder, 'initdb')));
}

/** PostgreSQL refuses to run as root. */
function osUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout),
  );
  return { uid: uid!, gid: gid! };
}

/** A server of the operating system's PostgreSQL with an empty database `crm`. */
export class SystemPostgres {
  private constructor(
    readonly url: string,
    /** The folder of `psql`, `pg_dump` and `pg_restore` in the server's version. */
    readonly tools: string,
    private readonly server: ServerProcess,
    private readonly folder: string,
  ) {}

  static async start(): Promise<SystemPostgres> {
    const tools = await findOrInstall('postgresql', binariesFolder);
    const folder = mkdtempSync(join(tmpdir(), 'system-postgres-'));
    const owner = osUser();
    const [data, passwordFile] = [join(folder, 'data'), join(folder, 'password')];
    writeFileSync(passwordFile, PASSWORD);
    for (const path of owner ? [folder, passwordFile] : []) chownSync(path, owner!.uid, owner!.gid);
    const args = ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C', '-N'];
    execFileSync(join(tools, 'initdb'), [...args, `--pwfile=${passwordFile}`], { ...owner, cwd: folder });
    const port = await freePort();
    const url = new URL(`postgresql://postgres@127.0.0.1:${port}/postgres`);
    url.password = encodeURIComponent(PASSWORD);
    const server = new ServerProcess({
      name: 'PostgreSQL of the operating system',
      command: join(tools, 'postgres'),
      args: ['-D', data, '-p', String(port), '-k', '', '-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off'],
      env: { PATH: process.env.PATH, LANG: 'C' },
      cwd: folder,
      owner,
      output: join(folder, 'server.log'),
      stopSignal: 'SIGINT',
      readyTimeoutMs: 60_000,
      stopTimeoutMs: 30_000,
      isReady: () => canQuery(url.href, 'SELECT'),
    });
    await server.start();
    await canQuery(url.href, 'CREATE DATABASE crm');
    url.pathname = '/crm';
    return new SystemPostgres(url.href, tools, server, folder);
  }

  async discard(): Promise<void> {
    await this.server.stop();
    rmSync(this.folder, { recursive: true });
  }
}

async function canQuery(url: string, sql: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    await client.query(sql);
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
