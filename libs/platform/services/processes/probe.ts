import { connect } from 'node:net';

/**
 * Connects to a loopback port, says `greeting` and hands the first bytes of the answer to `isRight`.
 * False also when no server listens, or none answers within 2 s.
 */
export async function answers(port: number, greeting: string, isRight: (answer: Buffer) => boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const settle = (right: boolean): void => {
      socket.destroy();
      resolve(right);
    };
    socket.setTimeout(2_000, () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
    socket.once('data', (answer) => settle(isRight(answer)));
    socket.write(greeting, 'latin1');
  });
}
