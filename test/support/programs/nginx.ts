import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOnPath, findOrInstall, freePort, ServerProcess } from '#platform/services';

const DOCUMENTED = join(__dirname, '../../../docs/examples/nginx.conf');

/** A real nginx with the documented configuration in front of an API. */
export class Nginx {
  private constructor(
    readonly url: string,
    private readonly process: ServerProcess,
    private readonly home: string,
  ) {}

  /** @param upstream URL of the API. */
  static async start(upstream: string): Promise<Nginx> {
    const command = await findOrInstall('nginx', () => findOnPath('nginx'));
    const home = mkdtempSync(join(tmpdir(), 'crm-nginx-'));
    const port = await freePort();
    mkdirSync(join(home, 'temp'));
    writeFileSync(join(home, 'site.conf'), siteFor(upstream, port, home));
    writeFileSync(join(home, 'nginx.conf'), mainFor(home));
    const process = new ServerProcess({
      name: 'nginx',
      command,
      args: ['-e', join(home, 'error.log'), '-p', home, '-c', join(home, 'nginx.conf')],
      env: { PATH: globalThis.process.env.PATH, LANG: 'C' },
      cwd: home,
      output: join(home, 'output.log'),
      stopSignal: 'SIGTERM',
      readyTimeoutMs: 60_000,
      stopTimeoutMs: 10_000,
      scratch: home,
      isReady: () => answers(`http://127.0.0.1:${port}/health/live`),
    });
    await process.start();
    return new Nginx(`http://127.0.0.1:${port}`, process, home);
  }

  accessLog(): string {
    return readFileSync(join(this.home, 'access.log'), 'utf8');
  }

  async stop(): Promise<void> {
    await this.process.stop();
    await rm(this.home, { recursive: true, force: true });
  }
}

/** The documented configuration with other addresses; each must be in it. */
function siteFor(upstream: string, port: number, home: string): string {
  const replacements = [
    ['server 127.0.0.1:8082;', `server ${new URL(upstream).host};`],
    ['listen 80;', `listen 127.0.0.1:${port};`],
    ['/var/log/nginx/crm.log', join(home, 'access.log')],
  ] as const;
  return replacements.reduce(
    (text, [documented, here]) => {
      if (!text.includes(documented)) throw new Error(`${DOCUMENTED} has no ${documented}`);
      return text.replace(documented, here);
    },
    readFileSync(DOCUMENTED, 'utf8'),
  );
}

function mainFor(home: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return [
    // The processes of a root's nginx would run as a user that may not use the folder.
    ...(process.getuid?.() === 0 ? ['user root;'] : []),
    'daemon off;',
    'worker_processes 1;',
    `pid ${home}/nginx.pid;`,
    'events { worker_connections 256; }',
    'http {',
    ...temporary.map((name) => `  ${name}_temp_path ${home}/temp/${name};`),
    `  include ${home}/site.conf;`,
    '}',
    '',
  ].join('\n');
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
