/**
 * From a commit to a consumer of RabbitMQ, at a steady rate. A transaction's commit can't be seen from outside: it lies
 * between the sending of the request and its answer, so the time is given from both, the longer as an upper bound.
 */
import { randomBytes } from 'node:crypto';
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { calm, nightZone } from '../calm.mjs';
import { withChildren } from '../child.mjs';
import { quantile } from '../paired.mjs';
import { Requests } from '../requests.mjs';

/** Creating a deal publishes one event, adding an income two: half of each makes 150 events per second. */
const REQUESTS_PER_SECOND = 100;
const EVENTS_PER_PAIR = 3;
const QUEUE = 'bench.latency';

export async function runEventLatency(environment, { deals, quick }, report) {
  const [warmUpS, seconds] = quick ? [5, 20] : [15, 60];
  const book = await environment.book(deals);
  const api = await environment.api(book);
  const worker = await environment.worker(book, nightZone());
  await api.start();
  await worker.start();
  await withChildren(['consumer'], async (consumer) => {
    await consumer.ask('open', { url: environment.servers.rabbitmq.url, exchange: 'crm.events', name: QUEUE });
    await calm(book);
    await consumer.ask('expect');
    const pulse = new Pulse(api.port, new Requests(deals));
    await pulse.beat(warmUpS);
    const [cpu, postgres] = [cpuOf(api, worker), environment.postgresCpuMs()];
    pulse.sent.clear();
    await pulse.beat(seconds);
    const used = cpuOf(api, worker).map((ms, place) => ms - cpu[place]);
    const postgresMs = environment.postgresCpuMs() - postgres;
    await calm(book);
    const deliveries = await consumer.ask('rest');
    report(resultOf({ deals, seconds, pulse, deliveries, used, postgresMs, order: await consumer.ask('order') }));
  });
  await Promise.all([api.stop(), worker.stop()]);
  await book.sequence();
}

const cpuOf = (...programs) => programs.map((program) => program.cpuMs());

/** Sends requests at a steady rate without waiting for answers. */
class Pulse {
  constructor(port, requests) {
    this.port = port;
    this.requests = requests;
    this.agent = new Agent({ keepAlive: true, noDelay: true });
    /** Times of request and answer by trace id, in nanoseconds of the monotonic clock. */
    this.sent = new Map();
  }

  async beat(seconds) {
    const began = performance.now();
    const total = seconds * REQUESTS_PER_SECOND;
    const answers = [];
    for (let n = 0; n < total; n++) {
      const due = began + (n * 1000) / REQUESTS_PER_SECOND;
      const early = due - performance.now();
      if (early > 0) await delay(early);
      answers.push(this.send(n % 2 === 0 ? this.requests.createDeal() : this.requests.addIncome()));
    }
    await Promise.all(answers);
  }

  send({ method, path, authorization, body }) {
    const trace = randomBytes(16).toString('hex');
    const headers = {
      authorization,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      traceparent: `00-${trace}-${randomBytes(8).toString('hex')}-01`,
    };
    const times = { sentAt: process.hrtime.bigint(), answeredAt: 0n };
    this.sent.set(trace, times);
    return new Promise((resolve, reject) => {
      const options = {
        method,
        host: '127.0.0.1',
        port: this.port,
        path: `/api/v1${path}`,
        headers,
        agent: this.agent,
      };
      httpRequest(options, (answer) => {
        times.answeredAt = process.hrtime.bigint();
        if (answer.statusCode !== 201) reject(new Error(`${method} ${path}: ${answer.statusCode}`));
        answer.resume().on('end', resolve);
      })
        .on('error', reject)
        .end(body);
    });
  }
}

function resultOf({ deals, seconds, pulse, deliveries, used, postgresMs, order }) {
  const ours = deliveries.filter(([trace]) => pulse.sent.has(trace));
  const expected = (pulse.sent.size * EVENTS_PER_PAIR) / 2;
  if (ours.length !== expected) throw new Error(`${ours.length} events came of ${expected}`);
  const since = (moment) => ours.map(([trace, at]) => Number(at - pulse.sent.get(trace)[moment]) / 1e6);
  const rows = [rowOf('from the answer', since('answeredAt')), rowOf('from sending the request', since('sentAt'))];
  const perEvent = (ms) => Math.round((ms * 1000) / ours.length);
  return {
    ...{
      workload: 'event-latency',
      title: 'From commit to consumer, 150 events/s',
      deals,
      seconds,
      events: ours.length,
    },
    ...{ order, rows, apiUs: perEvent(used[0]), workerUs: perEvent(used[1]), postgresUs: perEvent(postgresMs) },
    columns: ['', 'p50, ms', 'p90, ms', 'p99, ms', 'most, ms'],
    lines: rows.map(({ name, ...times }) => [name, ...Object.values(times).map((time) => time.toFixed(1))]),
    notes: [
      `${ours.length} events in ${seconds} s, none missing. ` +
        `CPU per event: API ${perEvent(used[0])} µs, worker ${perEvent(used[1])} µs, PostgreSQL ${perEvent(postgresMs)} µs.`,
    ],
  };
}

function rowOf(name, latencies) {
  const [p50Ms, p90Ms, p99Ms, mostMs] = [0.5, 0.9, 0.99, 1].map((share) => quantile(latencies, share));
  return { name, p50Ms, p90Ms, p99Ms, mostMs };
}
