/** A consumer as another service would be one: a durable quorum queue, every message acknowledged, its order checked. */
import { connect } from 'amqplib';
import { answer } from '../child.mjs';

const PREFETCH = 1_000;
/** Acknowledged together while more are waiting; what is left over is acknowledged a moment later. */
const ACKS = 50;
const ACK_WITHIN_MS = 5;

let connection;
let channel;
let queue;
let count;
/** Of each stream, the version that came last. */
let versions = new Map();
let waiting;

answer({ open, expect, take, rest, order });

/** Declares the queue, bound to every event of the exchange, and consumes it. */
async function open({ url, exchange, name }) {
  connection = await connect(url, { noDelay: true });
  channel = await connection.createChannel();
  await channel.assertQueue(name, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await channel.bindQueue(name, exchange, '#');
  await channel.prefetch(PREFETCH);
  queue = name;
  await channel.consume(queue, receive);
}

/** Begins anew: so many messages are to come. */
function expect({ messages }) {
  versions = new Map();
  count = { messages, received: 0, outOfOrder: 0, again: 0, bytes: 0, firstAt: 0n, lastAt: 0n, arrivals: [] };
}

/** Waits for the last of the messages expected. */
function take() {
  return new Promise((resolve) => {
    waiting = () => resolve({ ...count, arrivals: undefined });
    finishIfDone();
  });
}

/** When which event has come, by the id of its trace: [trace, nanoseconds of the machine's monotonic clock]. */
function rest() {
  const { arrivals } = count;
  count.arrivals = [];
  return arrivals;
}

/** How often a stream's events came in the wrong order or once more. */
function order() {
  return { outOfOrder: count.outOfOrder, again: count.again };
}

let unacknowledged = 0;
let last;
let timer;

function receive(message) {
  const now = process.hrtime.bigint();
  unacknowledged++;
  last = message;
  if (unacknowledged >= ACKS) acknowledge();
  else timer ??= setTimeout(acknowledge, ACK_WITHIN_MS);
  if (count) note(message, now);
}

function acknowledge() {
  clearTimeout(timer);
  timer = undefined;
  unacknowledged = 0;
  channel.ack(last, true);
}

function note({ properties: { headers }, content }, now) {
  const { cloudEvents_partitionkey: stream, cloudEvents_streamversion: version } = headers;
  const before = versions.get(stream);
  if (before !== undefined && version <= before) count.again++;
  else {
    if (before !== undefined && version !== before + 1) count.outOfOrder++;
    versions.set(stream, version);
    count.received++;
  }
  if (count.firstAt === 0n) count.firstAt = now;
  count.lastAt = now;
  count.bytes += content.length;
  if (count.messages === undefined) count.arrivals.push([headers.cloudEvents_traceparent?.slice(3, 35), now]);
  finishIfDone();
}

function finishIfDone() {
  if (!waiting || count.received < count.messages) return;
  waiting();
  waiting = undefined;
}
