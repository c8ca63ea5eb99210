/**
 * Jobs end to end: requested in PostgreSQL, enqueued in Redis by the reconciler, processed by BullMQ workers in a
 * transaction. And a daily run: a reminder is published for every due deal.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { calm, nightZone } from '../calm.mjs';
import { withChildren } from '../child.mjs';
import { dealId } from '../data.mjs';

const JOBS = 20_000;
const CONCURRENCY = 4;
const DUE = 100_000;
const POLL_MS = 500;

/** Selects one deal each; they are closed, so that no reminder is due. */
const REQUEST = `
  INSERT INTO crm.job_requests (id, queue, name, key, payload, run_after, created_at)
  SELECT uuidv7(), 'deal-reviews', 'remind-one', 'bench/' || uuidv7(),
    jsonb_build_object('subject_id', id, 'day', now()::date), now() - interval '1 minute', now()
  FROM (SELECT d.id FROM crm.deals d WHERE d.closed_at IS NOT NULL AND d.id >= $2 ORDER BY d.id LIMIT 500) d,
    generate_series(1, $1 / 500)`;
const RATE = `
  SELECT count(*)::int AS done, count(*) FILTER (WHERE state <> 'done')::int AS left,
    extract(epoch FROM max(finished_at) - min(finished_at))::float8 AS seconds
  FROM crm.job_requests WHERE key LIKE 'bench/%'`;

/** The day until which so many deals are due; reminders of earlier days are not published. */
const DAY = `
  SELECT greatest(max(next_review_at), now()::date + 1)::text AS day, count(*)::int AS due FROM (
    SELECT next_review_at FROM crm.deals WHERE closed_at IS NULL AND NOT is_deleted AND created_at < now() - interval '2 days'
    ORDER BY next_review_at LIMIT $1) d`;
const REQUEST_DAILY_RUN = `
  INSERT INTO crm.job_requests (id, queue, name, key, payload, run_after, created_at)
  VALUES (uuidv7(), 'deal-reviews', 'remind-deal-reviews', 'bench-daily-run', jsonb_build_object('day', $1::text),
    now() - interval '1 minute', now())`;
const DAILY_RUN_DONE = `
  SELECT j.state, count(r.*)::int AS reminders,
    extract(epoch FROM max(j.finished_at) - min(r.created_at))::float8 AS seconds
  FROM crm.job_requests j LEFT JOIN crm.reminders r ON r.kind = 'deal.review_due' AND r.due_on = $1::date
  WHERE j.key = 'bench-daily-run' GROUP BY 1`;
const FORGET = `DELETE FROM crm.job_requests WHERE key LIKE 'bench%'`;

export async function runJobs(environment, { deals, quick }, report) {
  const book = await environment.book(deals);
  const worker = await environment.worker(book, nightZone());
  await book.query(FORGET);
  const bull = await withChildren(['bull'], (child) =>
    child.ask('run', { port: environment.servers.redis.port, jobs: JOBS, concurrency: CONCURRENCY }),
  );
  await book.query(REQUEST, [JOBS, dealId(0)]);
  await worker.start();
  const cpu = [worker.cpuMs(), environment.postgresCpuMs()];
  const done = await finished(
    () => book.query(RATE),
    ({ left }) => left === 0,
  );
  const used = [worker.cpuMs() - cpu[0], environment.postgresCpuMs() - cpu[1]].map((ms) => (ms * 1000) / JOBS);
  await calm(book);
  const perSecond = (done.done - 1) / done.seconds;
  const dailyRun = await dailyRunOf(book, quick ? DUE / 10 : DUE);
  await calm(book);
  await worker.stop();
  await book.query(FORGET);
  await book.sequence();
  report(resultOf({ deals, perSecond, bull, used, dailyRun }));
}

async function dailyRunOf(book, due) {
  const [{ day, due: found }] = await book.query(DAY, [due]);
  if (found < due) throw new Error(`the book has ${found} open deals, not ${due}: take a greater one`);
  await book.query(`DELETE FROM crm.reminders WHERE kind = 'deal.review_due' AND due_on = $1::date`, [day]);
  await book.query(REQUEST_DAILY_RUN, [day]);
  const { reminders, seconds } = await finished(
    () => book.query(DAILY_RUN_DONE, [day]),
    ({ state }) => state === 'done',
  );
  return { day, reminders, seconds, perSecond: reminders / seconds };
}

async function finished(look, isDone) {
  for (;;) {
    const [row] = await look();
    if (isDone(row)) return row;
    await delay(POLL_MS);
  }
}

function resultOf({ deals, perSecond, bull, used, dailyRun }) {
  const whole = (value) => Math.round(value).toLocaleString('en-US');
  return {
    ...{ workload: 'jobs', title: 'Background work', deals, jobs: JOBS, perSecond, bull, dailyRun },
    ...{ nodeUs: used[0], postgresUs: used[1] },
    columns: ['', 'a second', 'CPU worker, µs', 'CPU PostgreSQL, µs'],
    lines: [
      [`jobs, ${whole(JOBS)} of one queue`, whole(perSecond), whole(used[0]), whole(used[1])],
      ['BullMQ alone, jobs that do nothing', whole(bull), '–', '–'],
      [`reminders of one daily run, ${whole(dailyRun.reminders)}`, whole(dailyRun.perSecond), '–', '–'],
    ],
    notes: [
      `${CONCURRENCY} jobs at a time. The daily run took ${dailyRun.seconds.toFixed(1)} s in transactions of 500 deals.`,
    ],
  };
}
