/** Baseline of publishing: plain amqplib sends prepared messages, with a limit of unconfirmed ones. */
import { connect } from 'amqplib';
import { answer } from '../child.mjs';

/** Maximum of unconfirmed messages, and the number below which sending resumes. */
const WINDOW = 2_000;
const RESUME_AT = 1_500;

let channel;
let exchange;
let queue;
let consumerTag;
const messages = [];

answer({ open, capture, release, publish });

async function open(options) {
  ({ exchange } = options);
  const connection = await connect(options.url, { noDelay: true });
  channel = await connection.createConfirmChannel();
}

/** Starts capturing published messages, to publish them again. */
async function capture() {
  ({ queue } = await channel.assertQueue('', { exclusive: true }));
  await channel.bindQueue(queue, exchange, '#');
  const keep = ({ fields, properties, content }) => {
    const { contentType, headers, deliveryMode, messageId, timestamp, type } = properties;
    const options = { contentType, headers, deliveryMode, messageId, timestamp, type, mandatory: true };
    messages.push({ key: fields.routingKey, content, options });
  };
  ({ consumerTag } = await channel.consume(queue, keep, { noAck: true }));
}

/** Ends capturing after so many messages. */
async function release({ count }) {
  while (messages.length < count) await new Promise((resolve) => setTimeout(resolve, 50));
  await channel.cancel(consumerTag);
  await channel.deleteQueue(queue);
}

/** Sends each message once. @returns {Promise<number>} milliseconds until the last confirm */
async function publish() {
  const began = performance.now();
  let open = 0;
  let resume;
  const confirmed = (error) => {
    if (error) throw error;
    if (--open === RESUME_AT) resume?.();
  };
  for (const { key, content, options } of messages) {
    if (open >= WINDOW) await new Promise((resolve) => (resume = resolve));
    open++;
    channel.publish(exchange, key, content, options, confirmed);
  }
  await channel.waitForConfirms();
  return performance.now() - began;
}
