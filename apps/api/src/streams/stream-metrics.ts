import { Injectable } from '@nestjs/common';
import { Metrics } from '#platform/observability';

/** Metrics of the streams. */
@Injectable()
export class StreamMetrics {
  readonly sent;
  /** `backlog` and `stalled`: the client does not read; `gap`: the log lost events; `failed`: an internal error. */
  readonly cut;

  constructor(private readonly metrics: Metrics) {
    this.sent = metrics.counter('crm_sse_frames_sent_total', 'Event frames written to event streams');
    this.cut = metrics.counter('crm_sse_cut_total', 'Event streams cut off; their clients resume by id', ['reason']);
  }

  /** @param count returns the number of open connections when the metrics are read. */
  watch(count: () => number): void {
    this.metrics.observedGauge('crm_sse_connections', 'Open event streams', [], (gauge) => gauge.set(count()));
  }
}
