/**
 * Baseline of event latency: the relay of a bare outbox. It listens, reads the new rows, publishes them with amqplib, and
 * deletes the confirmed ones. No positions, order, lease or CloudEvents.
 */
import { connect } from 'amqplib';
import pg from 'pg';
import { answer } from '../child.mjs';

const CHANNEL = 'bench_outbox';
/** The deletion of confirmed rows does not delay the next events. */
const DELETE_EVERY_MS = 100;

const READ = {
  name: 'read',
  text: 'SELECT id, key, trace, body::text FROM bench_outbox WHERE id <> ALL ($1::bigint[]) ORDER BY id LIMIT 500',
};
const DELETE = { name: 'delete', text: 'DELETE FROM bench_outbox WHERE id = ANY ($1::bigint[])' };

let client;
let deleting;
let channel;
let exchange;
/** Ids of rows that are published and not deleted yet. */
const taken = new Set();
let confirmed = [];
let isReading = false;
let isWoken = false;

answer({ open });

/** Publishes the rows of the table `bench_outbox` from now on. */
async function open(options) {
  ({ exchange } = options);
  const connection = await connect(options.brokerUrl, { noDelay: true });
  channel = await connection.createConfirmChannel();
  client = new pg.Client({ connectionString: options.databaseUrl });
  deleting = new pg.Client({ connectionString: options.databaseUrl });
  await Promise.all([client.connect(), deleting.connect()]);
  client.on('notification', wake);
  await client.query(`LISTEN ${CHANNEL}`);
  setInterval(deleteConfirmed, DELETE_EVERY_MS);
  wake();
}

async function wake() {
  isWoken = true;
  if (isReading) return;
  isReading = true;
  while (isWoken) {
    isWoken = false;
    const { rows } = await client.query({ ...READ, values: [[...taken]] });
    rows.forEach(publish);
  }
  isReading = false;
}

function publish({ id, key, trace, body }) {
  taken.add(id);
  const headers = {
    cloudEvents_traceparent: trace,
    cloudEvents_partitionkey: `outbox/${id}`,
    cloudEvents_streamversion: 1,
  };
  const options = { persistent: true, mandatory: true, contentType: 'application/json', messageId: id, headers };
  channel.publish(exchange, key, Buffer.from(body), options, (error) => {
    if (error) throw error;
    confirmed.push(id);
  });
}

async function deleteConfirmed() {
  if (confirmed.length === 0) return;
  const ids = confirmed;
  confirmed = [];
  await deleting.query({ ...DELETE, values: [ids] });
  for (const id of ids) taken.delete(id);
}
