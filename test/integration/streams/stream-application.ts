import { Module, type Type } from '@nestjs/common';
import { SettingsModule } from '#platform/config';
import { CqrsModule } from '#platform/cqrs';
import { HttpModule } from '#platform/http';
import { MessagingModule } from '#platform/messaging';
import { Metrics, ObservabilityModule } from '#platform/observability';
import { PersistenceModule } from '#platform/persistence';
import { startTestApplication, type TestApplication, testEnvironment } from '#platform/testing';
import { StreamsModule } from '../../../apps/api/src/streams/streams.module.js';

/** An API process with nothing but streams, and the sequencer beside them. */
export class StreamApplication {
  private constructor(
    readonly app: TestApplication,
    readonly port: number,
  ) {}

  static async start(databaseUrl: string, settings: Readonly<Record<string, string>> = {}): Promise<StreamApplication> {
    const app = await startTestApplication(applicationModule(testEnvironment({ databaseUrl }, settings)));
    return new StreamApplication(app, Number(new URL(await app.listen()).port));
  }

  /** The value of a metric, with its labels as Prometheus writes them; 0 when it was never counted. */
  async metric(name: string): Promise<number> {
    const text = await this.app.nest.get(Metrics).registry.metrics();
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1) ?? 0);
  }

  /** How many streams were cut off because their clients did not read. */
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
      CqrsModule.forRoot(),
      MessagingModule.forRoot({ process: 'worker', hasBroker: false }),
      HttpModule.forRoot({ throttling: false }),
      StreamsModule,
    ],
  })
  class StreamsApplicationModule {}
  return StreamsApplicationModule;
}
