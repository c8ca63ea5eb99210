import { Module, type Type } from '@nestjs/common';
import { SettingsModule } from '#platform/config';
import { BusModule } from '#platform/cqrs';
import { HttpModule } from '#platform/http';
import { MessagingModule } from '#platform/messaging';
import { Metrics, ObservabilityModule } from '#platform/observability';
import { PersistenceModule } from '#platform/persistence';
import { startTestApplication, type TestApplication, testEnvironment } from '#platform/testing';
import { StreamsModule } from '../../../apps/api/src/streams/streams.module.js';

/** Test application with only event streams and the sequencer. */
export class StreamApplication {
  private constructor(
    readonly app: TestApplication,
    readonly port: number,
  ) {}

  static async start(databaseUrl: string, settings: Readonly<Record<string, string>> = {}): Promise<StreamApplication> {
    const app = await startTestApplication(applicationModule(testEnvironment({ databaseUrl }, settings)));
    return new StreamApplication(app, Number(new URL(await app.listen()).port));
  }

  /** Value of a metric, with its labels in the format of Prometheus; 0 when it has none. */
  async metric(name: string): Promise<number> {
    const text = await this.app.nest.get(Metrics).registry.metrics();
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1) ?? 0);
  }

  /** Number of streams closed because their clients did not read. */
  async cuts(): Promise<number> {
    const [backlog, stalled] = await Promise.all(
      ['backlog', 'stalled'].map((reason) => this.metric(`crm_sse_cut_total{reason="${reason}"}`)),
    );
    return backlog! + stalled!;
  }

  stop(): Promise<void> {
    return this.app.close();
  }
}

function applicationModule(env: NodeJS.ProcessEnv): Type {
  @Module({
    imports: [
      SettingsModule.forRoot(env),
      ObservabilityModule,
      PersistenceModule.forRoot('crm-streams'),
      BusModule.forRoot(),
      MessagingModule.forRoot({ process: 'worker', hasBroker: false }),
      HttpModule.forRoot({ throttling: false }),
      StreamsModule,
    ],
  })
  class StreamsApplicationModule {}
  return StreamsApplicationModule;
}
