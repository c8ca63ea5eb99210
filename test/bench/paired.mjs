/**
 * Compares contestants in rounds. A round gives each of them two slices, in an order that reads the same backwards
 * (A B C C B A, the next round B C A A C B), so that a change in the machine's speed affects all equally; only ratios
 * within a round count.
 * One contestant runs twice, as two processes: the ratio of these, which should be 1, shows what the machine adds.
 */

/** Limits of the ratio of the two equal contestants; beyond them the run is invalid. */
const CONTROL_LIMITS = [0.9, 1.1];

/**
 * @typedef {object} Contestant
 * @property {string} name
 * @property {(limit: { ms?: number, requests?: number }) => Promise<import('./load.mjs').Tally>} run
 * @property {() => number} cpuMs of its own processes so far; 0 when it has none
 *
 * @typedef {object} Row
 * @property {string} name
 * @property {number} perSecond median over the rounds
 * @property {[number, number, number]} ratio to the baseline: lower quartile, median, upper quartile
 * @property {number} nodeUs CPU of its own processes for one request, in microseconds
 * @property {number} postgresUs CPU of PostgreSQL for one request, in microseconds
 * @property {number} p50Ms
 * @property {number} p99Ms
 */

/**
 * @param {object} options
 * @param {readonly Contestant[]} options.contestants
 * @param {string} options.baseline name of the one that ratios refer to
 * @param {string} options.control name of its double
 * @param {() => number} options.postgresCpuMs
 * @param {number} options.rounds
 * @param {number} options.sliceMs
 * @param {number} options.warmUp requests for each before anything counts
 * @returns {Promise<{ rows: Row[], control: Row, isRefused: boolean }>}
 */
export async function compare({ contestants, baseline, control, postgresCpuMs, rounds, sliceMs, warmUp }) {
  for (const contestant of contestants) await contestant.run({ requests: contestant.warmUp ?? warmUp });
  const scores = new Map(contestants.map(({ name }) => [name, new Score(rounds)]));
  for (let round = 0; round < rounds; round++) {
    // A contestant that follows itself has warm caches, so each begins equally many rounds.
    const first = round % contestants.length;
    const order = [...contestants.slice(first), ...contestants.slice(0, first)];
    for (const contestant of [...order, ...order.toReversed()]) {
      const node = contestant.cpuMs();
      const postgres = postgresCpuMs();
      const tally = await contestant.run({ ms: sliceMs });
      scores.get(contestant.name).add(round, tally, contestant.cpuMs() - node, postgresCpuMs() - postgres);
    }
  }
  const base = scores.get(baseline);
  const rows = contestants.map(({ name }) => scores.get(name).row(name, base));
  const double = rows.find(({ name }) => name === control);
  const [low, high] = CONTROL_LIMITS;
  return { rows, control: double, isRefused: double.ratio[1] < low || double.ratio[1] > high };
}

/** True when a ratio is in the range of two equal contestants. */
export function isUnresolved(row, control) {
  return row !== control && row.ratio[1] >= control.ratio[0] && row.ratio[1] <= control.ratio[2];
}

class Score {
  constructor(rounds) {
    this.rounds = Array.from({ length: rounds }, () => ({ requests: 0, ms: 0 }));
    this.latencies = [];
    this.nodeMs = 0;
    this.postgresMs = 0;
  }

  add(round, { requests, ms, latencies }, nodeMs, postgresMs) {
    this.rounds[round].requests += requests;
    this.rounds[round].ms += ms;
    for (const latency of latencies) this.latencies.push(latency);
    this.nodeMs += nodeMs;
    this.postgresMs += postgresMs;
  }

  rate(round) {
    return (this.rounds[round].requests / this.rounds[round].ms) * 1000;
  }

  row(name, base) {
    const rates = this.rounds.map((_, round) => this.rate(round));
    const ratios = rates.map((rate, round) => rate / base.rate(round));
    const requests = this.rounds.reduce((sum, round) => sum + round.requests, 0);
    return {
      name,
      perSecond: quantile(rates, 0.5),
      ratio: [0.25, 0.5, 0.75].map((share) => quantile(ratios, share)),
      nodeUs: (this.nodeMs * 1000) / requests,
      postgresUs: (this.postgresMs * 1000) / requests,
      p50Ms: quantile(this.latencies, 0.5),
      p99Ms: quantile(this.latencies, 0.99),
    };
  }
}

/** @returns {number} NaN for an empty list */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  return sorted[below] + (sorted[Math.ceil(place)] - sorted[below]) * (place - below);
}
