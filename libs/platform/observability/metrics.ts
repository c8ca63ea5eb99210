import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Buckets of durations in seconds, from a fast read to the statement time-out. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];

/** The value of a gauge for some labels. */
export interface GaugeRow<L extends string> {
  readonly labels: Record<L, string>;
  readonly value: number;
}

/** The process's Prometheus registry; each part makes its own instruments from it. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  counter<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }

  /** Seconds, in buckets from 1 ms to 15 s unless others are named. */
  duration<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
    buckets: readonly number[] = DURATION_BUCKETS,
  ): Histogram<L> {
    return new Histogram({
      name,
      help,
      labelNames: [...labelNames],
      buckets: [...buckets],
      registers: [this.registry],
    });
  }

  gauge<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> {
    return new Gauge({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }

  /** A gauge whose value is read when the metrics are collected; if `read` fails, the last value stays. */
  observedGauge<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    read: (gauge: Gauge<L>) => Promise<void> | void,
  ): void {
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      async collect() {
        await Promise.resolve(read(this)).catch(() => undefined);
      },
    });
  }

  /**
   * A gauge with one value for each row of `read`, which is called when the metrics are collected. The values of rows that
   * have disappeared are removed; if `read` fails, all last values stay.
   */
  observedRows<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    read: () => Promise<readonly GaugeRow<L>[]>,
  ): void {
    this.observedGauge(name, help, labelNames, async (gauge) => {
      const rows = await read();
      gauge.reset();
      for (const { labels, value } of rows) gauge.set(labels, value);
    });
  }
}
