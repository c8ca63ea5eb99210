/** A consumer like that of another service: durable quorum queue, acknowledged messages, checked order. */
import { connect } from 'amqplib';
import { answer } from '../child.mjs';

const PREFETCH = 1_000;
/** Messages acknowledged together while more are waiting; the rest is acknowledged shortly after. */
const ACKS = 50;
const ACK_WITHIN_MS = 5;

let connection;
let channel;
let queue;
let count;
/** Last received version of each stream. */
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

/** Resets the statistics and sets the number of expected messages. */
function expect({ messages }) {
  versions = new Map();
  count = { messages, received: 0, outOfOrder: 0, again: 0, bytes: 0, firstAt: 0n, lastAt: 0n, deliveries: [] };
}

/** Waits for the last of the messages expected. */
function take() {
  return new Promise((resolve) => {
    waiting = () => resolve({ ...count, deliveries: undefined });
    finishIfDone();
  });
}

/** Times of received events by trace id: [trace, nanoseconds of the machine's monotonic clock]. */
function rest() {
  const { deliveries } = count;
  count.deliveries = [];
  return deliveries;
}

/** Number of reordered or repeated events. */
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
  if (count.messages === undefined) count.deliveries.push([headers.cloudEvents_traceparent?.slice(3, 35), now]);
  finishIfDone();
}

function finishIfDone() {
  if (!waiting || count.received < count.messages) return;
  waiting();
  waiting = undefined;
}
