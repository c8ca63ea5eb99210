/**
 * Event streams compared with plain node:http, with the same frames and subscribers in a separate process. Bursts measure
 * the maximum of deliveries per second; a steady rate measures the CPU of one delivery.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '#platform/services';
import { withChildren } from '../child.mjs';
import { sellerId } from '../data.mjs';
import { quantile } from '../paired.mjs';
import { writeEvents } from '../written-events.mjs';

const SUBSCRIBERS = [10, 100, 1_000, 5_000];
/** Deliveries of one burst; the frames per subscriber are limited to the service's read size, with a minimum. */
const BURST_DELIVERIES = 200_000;
const [MIN_FRAMES, MAX_FRAMES] = [40, 200];
/** Deliveries at the steady rate. */
const DELIVERIES_PER_SECOND = 20_000;
const MAX_EVENTS_PER_SECOND = 100;
const SETTLE_MS = 2_000;
const WITHIN_MS = 60_000;
/** A user may open 100 streams. */
const USERS = 60;

const clamp = (value, least, most) => Math.max(least, Math.min(most, value));

export async function runSse(environment, { deals, quick }, report) {
  const book = await environment.book(deals);
  const api = await environment.api(book, { CRM_SSE_HEARTBEAT_MS: '60000' });
  await api.start();
  const rows = [];
  await withChildren(['subscribers', 'fan-out'], async (subscribers, fanOut) => {
    const [{ position: until }] = await book.query(`SELECT position FROM crm.event_cursors WHERE name = 'sequencer'`);
    const tokens = Array.from({ length: USERS }, (_, n) => environment.token(sellerId(3_000 + n), ['ROLE_TEAM_LEAD']));
    const port = await freePort();
    await fanOut.ask('listen', { port });
    const sides = {
      ours: new Side('ours', api, (count) => writeEvents(book, count, until), {
        ...{ subscribers, port: api.port, tokens, rssMb: () => api.rssMb() },
      }),
      raw: new Side('raw', fanOut, (count) => fanOut.ask('write', { count }), { subscribers, port, tokens }),
    };
    for (const count of SUBSCRIBERS) rows.push(await measure(count, sides, fanOut, quick));
  });
  await api.stop();
  await book.sequence();
  report(resultOf(deals, rows));
}

/** One of the two servers with its subscribers. */
class Side {
  constructor(group, program, write, { subscribers, port, tokens, rssMb }) {
    Object.assign(this, { group, program, write, subscribers, port, tokens, rssMb });
  }

  async open(count) {
    const { group, port, tokens } = this;
    await this.subscribers.ask('open', { group, port, path: '/streams/deals', tokens, count });
  }

  /** All frames at once. @returns {Promise<number>} deliveries a second, from the first to the last */
  async burst(frames, keep = false) {
    await this.subscribers.ask('expect', { group: this.group, each: frames, keep });
    await this.write(frames);
    const { deliveries, ms } = await this.subscribers.ask('take', { withinMs: WITHIN_MS });
    return (deliveries / ms) * 1000;
  }

  /** One frame after another at a steady rate. @returns {Promise<number>} CPU of one delivery, in microseconds */
  async steady(perSecond, seconds) {
    const frames = perSecond * seconds;
    await this.subscribers.ask('expect', { group: this.group, each: frames });
    const before = this.program.cpuMs();
    const began = performance.now();
    for (let n = 0; n < frames; n++) {
      await delay(Math.max(0, began + (n * 1000) / perSecond - performance.now()));
      await this.write(1);
    }
    const { deliveries } = await this.subscribers.ask('take', { withinMs: WITHIN_MS });
    return ((this.program.cpuMs() - before) * 1000) / deliveries;
  }
}

async function measure(count, sides, fanOut, quick) {
  const { ours, raw } = sides;
  const before = ours.rssMb();
  await ours.open(count);
  await delay(SETTLE_MS);
  const rss = ours.rssMb();
  await raw.open(count);
  const frames = clamp(Math.round(BURST_DELIVERIES / count), MIN_FRAMES, MAX_FRAMES);
  const perSecond = clamp(Math.round(DELIVERIES_PER_SECOND / count), 4, MAX_EVENTS_PER_SECOND);
  await ours.burst(frames, true);
  await fanOut.ask('load', { frames: await ours.subscribers.ask('frames', { group: 'ours' }) });
  await raw.burst(frames);
  const bursts = { ours: [], raw: [] };
  const costs = { ours: [], raw: [] };
  const order = ['ours', 'raw', 'raw', 'ours'];
  for (const side of quick ? order : [...order, ...order, ...order]) bursts[side].push(await sides[side].burst(frames));
  for (const side of order) costs[side].push(await sides[side].steady(perSecond, quick ? 3 : 5));
  const median = (values) => quantile(values, 0.5);
  return {
    ...{ subscribers: count, frames, perSecond, rssBeforeMb: before, rssOpenMb: rss, rssAfterMb: ours.rssMb() },
    ours: { deliveriesPerSecond: median(bursts.ours), cpuUs: median(costs.ours) },
    raw: { deliveriesPerSecond: median(bursts.raw), cpuUs: median(costs.raw) },
    ...{ bursts, costs },
  };
}

function resultOf(deals, rows) {
  const whole = (value) => Math.round(value).toLocaleString('en-US');
  const [{ rssBeforeMb: base }] = rows;
  return {
    ...{ workload: 'sse', title: 'Event streams against node:http alone', deals, rows },
    columns: [
      ...['subscribers', 'deliveries/s', 'of node:http', 'CPU of one, µs', 'of node:http', 'RSS of a connection, KB'],
    ],
    lines: rows.map(({ subscribers, ours, raw, rssOpenMb }) => [
      whole(subscribers),
      whole(ours.deliveriesPerSecond),
      (ours.deliveriesPerSecond / raw.deliveriesPerSecond).toFixed(2),
      ours.cpuUs.toFixed(1),
      (ours.cpuUs / raw.cpuUs).toFixed(2),
      subscribers < 1_000 ? '–' : (((rssOpenMb - base) * 1e3) / subscribers).toFixed(1),
    ]),
    notes: [
      'Every subscriber got every frame once. RSS: grown since no stream was open, before the frames of this line.',
    ],
  };
}
