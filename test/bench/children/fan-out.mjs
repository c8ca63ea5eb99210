/** Baseline of streams: plain node:http writes each frame to every response. */
import { createServer } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { answer } from '../child.mjs';

const HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
};

const responses = new Set();
let frames = [];
let next = 0;

answer({ listen, load, write });

function listen({ port }) {
  const server = createServer((request, response) => {
    response.socket.setNoDelay(true);
    response.writeHead(200, HEAD);
    response.write('retry: 3000\n\n');
    responses.add(response);
    response.on('close', () => responses.delete(response));
  });
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  return new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
}

function load(options) {
  frames = options.frames.map((text) => Buffer.from(text));
}

/** Writes a number of frames. */
async function write({ count }) {
  for (let n = 0; n < count; n++) {
    const frame = frames[next++ % frames.length];
    for (const response of responses) response.write(frame);
    await nextTurn();
  }
}
