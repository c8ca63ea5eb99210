/**
 * From an answer to a consumer of RabbitMQ, at a steady rate, beside a bare outbox in the same run. A transaction's commit
 * can't be seen from outside: it lies between the sending of the request and its answer, so the time is given from both,
 * the longer as an upper bound.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { calm, nightZone } from '../calm.mjs';
import { withChildren } from '../child.mjs';
import { BareOutbox } from '../contestants/bare-outbox.mjs';
import { HttpWrites } from '../contestants/http-writes.mjs';
import { quantile } from '../paired.mjs';
import { Requests } from '../requests.mjs';

const EVENTS_PER_SECOND = 150;
const EXCHANGE = 'crm.events';
const QUEUE = 'bench.latency';
/** Order of the slices; it reads the same backwards, so that a drift of the machine affects both sides equally. */
const ORDER = ['bare', 'ours', 'ours', 'bare'];
/** Until the last events of a slice are delivered and the servers are idle. */
const SETTLE_MS = 1_000;

export async function runEventLatency(environment, { deals, quick }, report) {
  const [warmUpS, sliceS, rounds] = quick ? [5, 5, 2] : [15, 10, 3];
  const book = await environment.book(deals);
  const api = await environment.api(book);
  const worker = await environment.worker(book, nightZone());
  await api.start();
  await worker.start();
  await withChildren(['consumer', 'outbox-relay'], async (consumer, relay) => {
    const brokerUrl = environment.servers.rabbitmq.url;
    await consumer.ask('open', { url: brokerUrl, exchange: EXCHANGE, name: QUEUE });
    const outbox = await BareOutbox.create(book.url);
    await relay.ask('open', { brokerUrl, exchange: EXCHANGE, databaseUrl: book.url });
    await calm(book);
    await consumer.ask('expect');
    const ours = new Side('this service', new HttpWrites(api.port, new Requests(deals)), [api, worker]);
    const bare = new Side('bare outbox', outbox, [relay]);
    const sides = { ours, bare };
    for (const side of [bare, ours]) await side.warmUp(warmUpS);
    for (let round = 0; round < rounds; round++) {
      for (const name of ORDER) await sides[name].slice(sliceS, () => environment.postgresCpuMs());
    }
    await calm(book);
    const received = byTrace(await consumer.ask('rest'));
    report(resultOf({ deals, sides: [bare, ours], received, order: await consumer.ask('order') }));
    await outbox.drop();
  });
  await Promise.all([api.stop(), worker.stop()]);
  await book.sequence();
}

/** Times of delivery by trace id: a request may publish several events. */
function byTrace(deliveries) {
  const received = new Map();
  for (const [trace, at] of deliveries) received.set(trace, [...(received.get(trace) ?? []), at]);
  return received;
}

/** One of the two that are compared, with what it has sent and used. */
class Side {
  constructor(name, writes, programs) {
    this.name = name;
    this.writes = writes;
    this.programs = programs;
    /** Times of request and answer by trace id, in nanoseconds of the monotonic clock. */
    this.sent = new Map();
    this.cpuMs = programs.map(() => 0);
    this.postgresMs = 0;
  }

  async warmUp(seconds) {
    await this.sendAtRate(seconds, new Map());
    await delay(SETTLE_MS);
  }

  async slice(seconds, postgresCpuMs) {
    const [before, postgresBefore] = [this.programs.map((program) => program.cpuMs()), postgresCpuMs()];
    await this.sendAtRate(seconds, this.sent);
    await delay(SETTLE_MS);
    this.programs.forEach((program, place) => (this.cpuMs[place] += program.cpuMs() - before[place]));
    this.postgresMs += postgresCpuMs() - postgresBefore;
  }

  /** Sends requests at a steady rate without waiting for answers. */
  async sendAtRate(seconds, sent) {
    const perSecond = EVENTS_PER_SECOND / this.writes.eventsPerRequest;
    const total = Math.round(seconds * perSecond);
    const began = performance.now();
    const answers = [];
    for (let n = 0; n < total; n++) {
      const early = began + (n * 1000) / perSecond - performance.now();
      if (early > 0) await delay(early);
      answers.push(this.writes.send(n, sent));
    }
    await Promise.all(answers);
  }

  /** @throws {Error} when an event is missing or came more than once */
  result(received) {
    const since = (moment) =>
      [...this.sent].flatMap(([trace, times]) =>
        (received.get(trace) ?? []).map((at) => Number(at - times[moment]) / 1e6),
      );
    const fromAnswer = since('answeredAt');
    const events = Math.round(this.sent.size * this.writes.eventsPerRequest);
    if (fromAnswer.length !== events) throw new Error(`${this.name}: ${fromAnswer.length} events came of ${events}`);
    const perEvent = (ms) => Math.round((ms * 1000) / events);
    return {
      name: this.name,
      events,
      ...quantilesOf(fromAnswer),
      fromRequest: quantilesOf(since('sentAt')),
      cpuUs: this.cpuMs.map(perEvent),
      postgresUs: perEvent(this.postgresMs),
    };
  }
}

function resultOf({ deals, sides, received, order }) {
  const rows = sides.map((side) => side.result(received));
  const [bare, ours] = rows;
  const ratio = ours.p50Ms / bare.p50Ms;
  const ms = (value) => value.toFixed(1);
  return {
    ...{ workload: 'event-latency', title: `From the answer to a consumer, ${EVENTS_PER_SECOND} events/s`, deals },
    ...{ order, rows, ratio },
    columns: ['', 'p50, ms', 'p90, ms', 'p99, ms', 'most, ms', 'p50 of bare', 'CPU node, µs', 'CPU PostgreSQL, µs'],
    lines: rows.map((row) => [
      row.name,
      ...[row.p50Ms, row.p90Ms, row.p99Ms, row.mostMs].map(ms),
      (row.p50Ms / bare.p50Ms).toFixed(2),
      row.cpuUs.join(' + '),
      String(row.postgresUs),
    ]),
    notes: [
      `${ours.events} events of each, none missing. CPU per event: of the service's API + worker, of the bare outbox's relay. ` +
        `From sending the request: ${sentence(bare)}, ${sentence(ours)}.`,
    ],
  };
}

function sentence({ name, fromRequest: { p50Ms, p99Ms } }) {
  return `${name} p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`;
}

function quantilesOf(latencies) {
  const [p50Ms, p90Ms, p99Ms, mostMs] = [0.5, 0.9, 0.99, 1].map((share) => quantile(latencies, share));
  return { p50Ms, p90Ms, p99Ms, mostMs };
}
