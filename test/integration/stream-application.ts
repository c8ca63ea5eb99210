import { createHmac, randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { Global, Module, type Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import pg from 'pg';
import { AuthGuard, AuthModule } from '#platform/auth';
import { ConfigModule } from '#platform/config';
import { CqrsModule } from '#platform/cqrs';
import { createHttpApplication, HttpModule } from '#platform/http';
import { Clock, SystemClock } from '#platform/kernel';
import { MessagingModule } from '#platform/messaging';
import { Metrics, ObservabilityModule } from '#platform/observability';
import { PersistenceModule, runMigrations } from '#platform/persistence';
import { StreamsModule } from '../../apps/api/src/streams/streams.module.js';
import { MIGRATIONS } from '../../migrations/index.js';

const SECRET = 'a secret of the tests, and of nothing else';

/** An event to append; what is not given is made up or absent. */
export interface AppendedEvent {
  readonly type?: string;
  readonly dealId?: string;
  readonly clientId?: string;
  readonly audience?: readonly string[];
  readonly data?: object;
}

/** A database of its own on the test server, so that no other spec's events come in between. */
export class EventDatabase {
  private constructor(
    readonly url: string,
    private readonly server: pg.Pool,
    readonly pool: pg.Pool,
  ) {}

  static async create(): Promise<EventDatabase> {
    const serverUrl = process.env.CRM_TEST_DATABASE_URL;
    if (!serverUrl) throw new Error('CRM_TEST_DATABASE_URL names no PostgreSQL server to test on');
    const server = new pg.Pool({ connectionString: serverUrl, max: 1 });
    const name = `streams_${randomUUID().replaceAll('-', '')}`;
    await server.query(`CREATE DATABASE ${name}`);
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    await runMigrations(url.toString(), MIGRATIONS);
    return new EventDatabase(url.toString(), server, new pg.Pool({ connectionString: url.toString(), max: 4 }));
  }

  /** Appends events in one transaction; those of a deal come in this order. */
  async append(events: readonly AppendedEvent[]): Promise<void> {
    const changes = new Map<string, { readonly events: object[] }>();
    for (const { type = 'deal.updated', dealId, clientId, audience = [], data = {} } of events) {
      const stream = dealId ? `deals/${dealId}` : `clients/${clientId ?? randomUUID()}`;
      const change = { stream, deal_id: dealId, client_id: clientId, audience: [], events: [] as object[] };
      const { events: ofStream } = changes.get(stream) ?? change;
      ofStream.push({ id: randomUUID(), type, audience, data });
      if (!changes.has(stream)) changes.set(stream, change);
    }
    await this.pool.query(`SELECT crm.append_changes($1::jsonb, NULL, date_trunc('milliseconds', now()))`, [
      JSON.stringify([...changes.values()]),
    ]);
    await this.pool.query(`SELECT pg_notify('crm_log_appended', '')`);
  }

  /** How many positions are given. */
  async lastPosition(): Promise<number> {
    const { rows } = await this.pool.query<{ position: string }>(
      `SELECT position FROM crm.event_cursors WHERE name = 'sequencer'`,
    );
    return Number(rows[0]!.position);
  }

  /** Appends events and waits for the positions of all there are. */
  async appendSequenced(events: readonly AppendedEvent[]): Promise<number> {
    await this.append(events);
    await until(async () => {
      const { rows } = await this.pool.query('SELECT 1 FROM crm.event_log WHERE position IS NULL LIMIT 1');
      return rows.length === 0;
    }, 'positions for every event');
    return this.lastPosition();
  }

  async drop(): Promise<void> {
    const { rows } = await this.pool.query<{ name: string }>('SELECT current_database() AS name');
    await this.pool.end();
    await this.server.query(`DROP DATABASE ${rows[0]!.name} WITH (FORCE)`);
    await this.server.end();
  }
}

/** An API process with nothing but streams, and the sequencer beside them. */
export class StreamApplication {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly port: number,
  ) {}

  static async start(databaseUrl: string, settings: NodeJS.ProcessEnv = {}): Promise<StreamApplication> {
    const app = await createHttpApplication(
      applicationModule({
        NODE_ENV: 'test',
        CRM_DATABASE_URL: databaseUrl,
        CRM_JWT_ACCESS_SECRET: SECRET,
        CRM_LOG_LEVEL: 'silent',
        ...settings,
      }),
    );
    await app.listen(0, '127.0.0.1');
    return new StreamApplication(app, (app.getHttpServer().address() as AddressInfo).port);
  }

  /** The value of a metric, with its labels as Prometheus writes them. */
  async metric(name: string): Promise<number> {
    const text = await this.app.get(Metrics).registry.metrics();
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1) ?? 0);
  }

  async stop(): Promise<void> {
    await this.app.close();
  }
}

function applicationModule(env: NodeJS.ProcessEnv): Type {
  @Global()
  @Module({ providers: [{ provide: Clock, useClass: SystemClock }], exports: [Clock] })
  class ClockModule {}

  @Module({
    imports: [
      ConfigModule.forRoot(env),
      ObservabilityModule,
      ClockModule,
      PersistenceModule.forRoot('test'),
      CqrsModule.forRoot(),
      MessagingModule.forWorker(false),
      AuthModule,
      HttpModule,
      StreamsModule,
    ],
    providers: [{ provide: APP_GUARD, useExisting: AuthGuard }],
  })
  class TestModule {}
  return TestModule;
}

/** An access token; `lifeMs` from now. */
export function tokenFor(userId: string, roles: readonly string[], lifeMs = 3_600_000): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const claims = { sub: userId, roles, exp: (Date.now() + lifeMs) / 1000 };
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}

/** Resolves when `condition` holds. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
