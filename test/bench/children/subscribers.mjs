/** Many subscribers of event streams over raw sockets in one process; they only count frames. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { answer } from '../child.mjs';

const MARK = Buffer.from('\nevent: ');
const AT_A_TIME = 100;
/** Open files of the process itself. */
const OTHER_FILES = 50;

/** @type {Map<string, Set<Subscriber>>} by the name of their server */
const groups = new Map();

answer({ open, expect, take, frames });

/** Opens streams of a group up to `count`, and waits until each has begun. */
async function open({ group, port, path, tokens, count }) {
  requireFiles(2 * count);
  const subscribers = groups.get(group) ?? new Set();
  groups.set(group, subscribers);
  while (subscribers.size < count) {
    const batch = Array.from({ length: Math.min(AT_A_TIME, count - subscribers.size) }, (_, place) => {
      const token = tokens[(subscribers.size + place) % tokens.length];
      return Subscriber.open(port, path, token);
    });
    for (const subscriber of await Promise.all(batch)) subscribers.add(subscriber);
  }
}

function requireFiles(connections) {
  const [, limit] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  if (Number(limit) >= connections + OTHER_FILES) return;
  throw new Error(`${connections} connections need more open files than ${limit}: raise the hard limit (ulimit -Hn)`);
}

let counting;

/** Resets the group and sets the frames expected per subscriber. @param keep stores the frames of the first one */
function expect({ group, each, keep = false }) {
  const subscribers = [...groups.get(group)];
  counting = { group, left: subscribers.length, frames: 0, each, firstAt: 0n, lastAt: 0n };
  for (const subscriber of subscribers) subscriber.begin(each, false);
  if (keep) subscribers[0].begin(each, true);
}

/** Waits for the last frame, then shortly for unexpected ones. */
async function take({ withinMs }) {
  const until = performance.now() + withinMs;
  while (counting.left > 0 && performance.now() < until) await delay(5);
  const closed = [...groups.get(counting.group)].filter(({ isClosed }) => isClosed).length;
  if (counting.left > 0) throw new Error(`${counting.left} subscribers lack frames, ${closed} were cut off`);
  await delay(50);
  const { group, frames, firstAt, lastAt } = counting;
  const subscribers = groups.get(group);
  if (frames !== subscribers.size * counting.each) throw new Error(`${frames} frames came`);
  return { deliveries: frames, ms: Number(lastAt - firstAt) / 1e6 };
}

/** The frames stored by the first subscriber of the group. */
function frames({ group }) {
  const [first] = groups.get(group);
  return framesOf(Buffer.concat(first.stored).toString());
}

class Subscriber {
  static async open(port, path, token) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const subscriber = new Subscriber(socket);
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    let head = '';
    while (!head.includes('retry: ')) {
      const [chunk] = await once(socket, 'data');
      head += chunk.toString();
      if (!head.startsWith('HTTP/1.1 200')) throw new Error(head);
    }
    socket.on('data', (chunk) => subscriber.read(chunk));
    return subscriber;
  }

  constructor(socket) {
    this.tail = Buffer.alloc(0);
    this.frames = 0;
    this.each = 0;
    this.isClosed = false;
    socket.on('error', () => undefined);
    socket.on('close', () => (this.isClosed = true));
  }

  begin(each, stores) {
    this.frames = 0;
    this.each = each;
    this.stored = stores ? [] : undefined;
  }

  read(chunk) {
    this.stored?.push(chunk);
    const found = this.countIn(chunk);
    if (found === 0 || !counting) return;
    const now = process.hrtime.bigint();
    if (counting.firstAt === 0n) counting.firstAt = now;
    counting.lastAt = now;
    counting.frames += found;
    this.frames += found;
    if (this.frames === this.each) counting.left--;
  }

  /** Counts also frames split over two chunks. */
  countIn(chunk) {
    let found = 0;
    if (this.tail.length > 0) {
      const edge = Buffer.concat([this.tail, chunk.subarray(0, MARK.length - 1)]);
      if (edge.includes(MARK)) found++;
    }
    for (let at = chunk.indexOf(MARK); at !== -1; at = chunk.indexOf(MARK, at + MARK.length)) found++;
    const end = chunk.length >= MARK.length ? chunk : Buffer.concat([this.tail, chunk]);
    this.tail = Buffer.from(end.subarray(1 - MARK.length));
    return found;
  }
}

/** Frames in a chunked body, without comments. */
function framesOf(body) {
  const bytes = Buffer.from(body);
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, end), 16);
    text += bytes.toString('utf8', end + 2, end + 2 + size);
    at = end + 4 + size;
  }
  return text.split(/(?<=\n\n)/).filter((frame) => frame.includes('\nevent: '));
}
