/** Baseline of jobs: plain BullMQ with empty jobs. */
import { Queue, Worker } from 'bullmq';
import { answer } from '../child.mjs';

const BATCH = 500;

answer({ run });

/** @returns {Promise<number>} jobs a second, from the first to the last */
async function run({ port, jobs, concurrency }) {
  const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
  const queue = new Queue('bench', { connection });
  for (let n = 0; n < jobs; n += BATCH) {
    await queue.addBulk(
      Array.from({ length: BATCH }, () => ({ name: 'nothing', data: {}, opts: { removeOnComplete: true } })),
    );
  }
  let done = 0;
  let firstAt;
  const rate = await new Promise((resolve) => {
    const worker = new Worker('bench', () => Promise.resolve(), { connection, concurrency });
    worker.on('completed', () => {
      firstAt ??= performance.now();
      if (++done === jobs) resolve(((jobs - 1) / (performance.now() - firstAt)) * 1000);
    });
  });
  await queue.obliterate();
  return rate;
}
