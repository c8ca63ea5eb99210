import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Above the usual fixed ports, below the ephemeral ones: a client that reconnects can't be given this port as its own. */
const FIRST = 15_000;
const LAST = 32_767;

const given = new Set<number>();

/** True when nothing listens on `port` of `host` (`0.0.0.0` looks at every IPv4 address). */
export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** A loopback port below 32768 that nothing listens on, never the same twice in one process. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, LAST + 1);
    if (given.has(port)) continue;
    given.add(port);
    if (await isPortFree(port)) return port;
  }
}
