// Counts how often deals reach each stage: a table of another service, updated by events alone.
// node subscriber.mjs amqp://user:password@broker postgresql://user:password@server/database
import { connect } from 'amqplib';
import pg from 'pg';

const QUEUE = 'reports.stages';
const [, , broker, database] = process.argv;
const own = new pg.Pool({ connectionString: database });
await own.query('CREATE TABLE IF NOT EXISTS seen_events (id uuid PRIMARY KEY)');
await own.query('CREATE TABLE IF NOT EXISTS reached_stages (stage text PRIMARY KEY, times int NOT NULL)');
// One statement is one transaction: the event is marked as seen and counted, or neither.
const COUNT_ONCE = `WITH fresh AS (INSERT INTO seen_events VALUES ($1) ON CONFLICT DO NOTHING RETURNING id)
  INSERT INTO reached_stages SELECT $2, 1 FROM fresh
  ON CONFLICT (stage) DO UPDATE SET times = reached_stages.times + 1`;
const count = async ({ id, data }) => own.query(COUNT_ONCE, [id, data.to]);

const connection = await connect(broker, { noDelay: true });
const channel = await connection.createChannel();
await channel.prefetch(20);
await channel.assertQueue(`${QUEUE}.dead`, { durable: true });
await channel.bindQueue(`${QUEUE}.dead`, 'crm.dead-letters', QUEUE);
const dead = { deadLetterExchange: 'crm.dead-letters', deadLetterRoutingKey: QUEUE };
// No delivery limit: RabbitMQ counts a lost connection as a delivery, and would dead-letter good messages.
// RabbitMQ 3 has none by default. RabbitMQ 4 has 20 by default, and only there -1 means none.
const isLimited = Number.parseInt(connection.connection.serverProperties.version, 10) >= 4;
const limit = isLimited ? { 'x-delivery-limit': -1 } : {};
await channel.assertQueue(QUEUE, { durable: true, ...dead, arguments: { 'x-queue-type': 'quorum', ...limit } });
await channel.bindQueue(QUEUE, 'crm.events', 'deal.stage_changed');
const handle = async (message) => {
  try {
    await count(JSON.parse(message.content));
    channel.ack(message); // Only now: whatever is killed before this, the event comes again.
  } catch (error) {
    const isHopeless = error instanceof SyntaxError || error instanceof TypeError;
    // Hopeless: to the dead queue at once. Else the database is away: the message waits for it here.
    if (isHopeless) channel.nack(message, false, false);
    else setTimeout(() => handle(message), 3_000);
  }
};
await channel.consume(QUEUE, handle);
// Exits to reconnect: the process manager restarts it, and no unacknowledged message is lost.
for (const source of [connection, channel]) source.on('close', () => process.exit(1)).on('error', console.error);
console.log('counting');
