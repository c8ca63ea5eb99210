/** Yardstick of jobs: plain BullMQ with empty jobs, on Redis or on its PostgreSQL backend. */
import { createPostgresBackend, createRedisBackend, Queue, Worker } from 'bullmq';
import { answer } from '../child.mjs';

const BATCH = 500;
/** Connections of a queue and of a worker, as in the service. */
const POOL_SIZE = 2;

answer({ run });

/**
 * @param {{ port?: number, url?: string }} server Redis's port, or the URL of a PostgreSQL database
 * @returns {Promise<number>} jobs a second, from the first to the last
 */
async function run({ port, url, jobs, concurrency }) {
  const connection = url
    ? { connectionString: url, schema: 'bull_alone', migrate: true, max: POOL_SIZE }
    : { host: '127.0.0.1', port, maxRetriesPerRequest: null };
  const backend = url ? createPostgresBackend : createRedisBackend;
  const queue = new Queue('bench', { connection }, backend);
  for (let n = 0; n < jobs; n += BATCH) {
    await queue.addBulk(
      Array.from({ length: Math.min(BATCH, jobs - n) }, () => ({
        name: 'nothing',
        data: {},
        opts: { removeOnComplete: true },
      })),
    );
  }
  let done = 0;
  let firstAt;
  const rate = await new Promise((resolve, reject) => {
    const worker = new Worker('bench', () => Promise.resolve(), { connection, concurrency }, backend);
    worker.on('error', reject);
    worker.on('completed', () => {
      firstAt ??= performance.now();
      if (++done === jobs) resolve(((jobs - 1) / (performance.now() - firstAt)) * 1000);
    });
  });
  await queue.obliterate({ force: true });
  return rate;
}
