/**
 * Jobs end to end: requested in PostgreSQL, enqueued in Bull by the reconciler, processed by BullMQ workers in
 * transactions; on both backends of Bull. And a daily run: a reminder is published for every due deal.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { calm, nightZone } from '../calm.mjs';
import { withChildren } from '../child.mjs';
import { dealId } from '../data.mjs';
import { quantile } from '../paired.mjs';

const JOBS = 20_000;
const POSTGRES_JOBS = 4_000;
const ROUNDS = 3;
/** Jobs that a worker of the service takes from Bull at a time: 4 transactions of 25. */
const TAKEN = 100;
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
  await book.query(FORGET);
  const redis = await backendRows(environment, book, {
    server: { port: environment.servers.redis.port },
    jobs: quick ? JOBS / 2 : JOBS,
  });
  const postgres = await backendRows(environment, book, {
    server: { url: book.url },
    jobs: quick ? POSTGRES_JOBS / 2 : POSTGRES_JOBS,
    variables: { REDIS_HOST: undefined, REDIS_PORT: undefined },
  });
  await book.query('DROP SCHEMA IF EXISTS bull_alone CASCADE');
  const worker = await environment.worker(book, nightZone());
  await worker.start();
  const dailyRun = await dailyRunOf(book, quick ? DUE / 10 : DUE);
  await calm(book);
  await worker.stop();
  await book.query(FORGET);
  await book.sequence();
  report(resultOf({ deals, redis, postgres, dailyRun }));
}

/** Alternates BullMQ alone, this service, and BullMQ alone again as the control. */
async function backendRows(environment, book, { server, jobs, variables = {} }) {
  const worker = await environment.worker(book, { ...nightZone(), ...variables });
  const alone = () => withChildren(['bull'], (child) => child.ask('run', { ...server, jobs, concurrency: TAKEN }));
  const rounds = [];
  const used = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const bull = await alone();
    await book.query(REQUEST, [jobs, dealId(0)]);
    await worker.start();
    const cpu = [worker.cpuMs(), environment.postgresCpuMs()];
    const { done, seconds } = await finished(
      () => book.query(RATE),
      ({ left }) => left === 0,
    );
    used[0] += ((worker.cpuMs() - cpu[0]) * 1000) / jobs / ROUNDS;
    used[1] += ((environment.postgresCpuMs() - cpu[1]) * 1000) / jobs / ROUNDS;
    await calm(book);
    await worker.stop();
    await book.query(FORGET);
    rounds.push({ bull, ours: (done - 1) / seconds, control: await alone() });
  }
  const median = (value) => quantile(rounds.map(value), 0.5);
  return {
    ...{ jobs, rounds, nodeUs: used[0], postgresUs: used[1] },
    ...{
      perSecond: median(({ ours }) => ours),
      bull: median(({ bull }) => bull),
      control: median((one) => one.control),
    },
    ratio: median(({ ours, bull }) => ours / bull),
    controlRatio: median((one) => one.control / one.bull),
  };
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

function resultOf({ deals, redis, postgres, dailyRun }) {
  const whole = (value) => Math.round(value).toLocaleString('en-US');
  const rowsOf = (name, rows) => [
    [`${name}: this service`, whole(rows.perSecond), rows.ratio.toFixed(2), whole(rows.nodeUs), whole(rows.postgresUs)],
    [`${name}: BullMQ alone, jobs that do nothing`, whole(rows.bull), '1.00', '–', '–'],
    [`${name}: the same again (control)`, whole(rows.control), rows.controlRatio.toFixed(2), '–', '–'],
  ];
  return {
    ...{ workload: 'jobs', title: 'Background work', deals, redis, postgres, dailyRun },
    columns: ['', 'a second', 'of BullMQ', 'CPU worker, µs', 'CPU PostgreSQL, µs'],
    lines: [
      ...rowsOf('Redis', redis),
      ...rowsOf('PostgreSQL', postgres),
      [`reminders of one daily run, ${whole(dailyRun.reminders)}`, whole(dailyRun.perSecond), '–', '–', '–'],
    ],
    notes: [
      `${whole(redis.jobs)} jobs of one queue on Redis, ${whole(postgres.jobs)} on PostgreSQL, each selects one deal; ` +
        `medians of ${ROUNDS} rounds. All take ${TAKEN} jobs at a time from Bull.`,
      `The daily run took ${dailyRun.seconds.toFixed(1)} s in transactions of 500 deals.`,
    ],
  };
}
