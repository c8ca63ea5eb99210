import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ClientView } from '#crm/clients/contracts';
import type { DealView } from '#crm/deals/contracts';
import type { JournalEntryView } from '#crm/journals/contracts';
import { Clock, type Instant } from '#platform/kernel';
import type { Audience } from '#platform/messaging';
import {
  type Answer,
  createTestDatabase,
  FixedClock,
  startTestApplication,
  type TestApplication,
  type TestDatabase,
  testEnvironment,
  type TestUser,
  until,
} from '#platform/testing';
import { ApiModule } from '../../apps/api/src/api.module.js';
import { MIGRATIONS } from '../../migrations/index.js';

/** Names of the roles in the Auth service. */
const ROLE_NAMES = {
  seller: 'ROLE_SALES_AGENT',
  executor: 'ROLE_EXECUTOR',
  finance: 'ROLE_FINANCE_MANAGER',
  lead: 'ROLE_TEAM_LEAD',
  admin: 'ROLE_ADMIN',
  service: 'service',
} as const;
export type RoleName = keyof typeof ROLE_NAMES;

/** The body of a list. */
export interface Listed<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
  readonly total?: number;
}

/** One row of the log. */
export interface LoggedRow {
  readonly id: string;
  readonly stream: string;
  readonly stream_version: number;
  readonly journal_seq: number | null;
  readonly type: string;
  readonly time: Instant;
  readonly actor_id: string | null;
  readonly traceparent: string | null;
  readonly deal_id: string | null;
  readonly client_id: string | null;
  readonly audience: Audience;
  readonly data: Readonly<Record<string, unknown>>;
}

/** 09:00 in Moscow: the daily run of this day is due. */
const STARTS_AT = '2026-03-02T06:00:00.000Z';

/** The API in this process, with its own database and a fixed clock. */
export class Crm {
  private readonly applications: TestApplication[] = [];

  private constructor(
    readonly database: TestDatabase,
    readonly clock: FixedClock,
  ) {}

  /** @param prepare adds parts of the program to the application, besides HTTP. */
  static async start(
    env: Readonly<Record<string, string>> = {},
    prepare?: (app: NestFastifyApplication) => void,
  ): Promise<Crm> {
    const crm = new Crm(await createTestDatabase(MIGRATIONS), new FixedClock(STARTS_AT));
    await crm.also(env, prepare);
    return crm;
  }

  /** The first application. */
  get api(): TestApplication {
    return this.applications[0]!;
  }

  /** One more application on the same database, with other settings. */
  async also(
    env: Readonly<Record<string, string>>,
    prepare?: (app: NestFastifyApplication) => void,
  ): Promise<TestApplication> {
    const module = ApiModule.forRoot(testEnvironment({ databaseUrl: this.database.url }, env));
    const application = await startTestApplication(module, [{ provide: Clock, useValue: this.clock }], prepare);
    this.applications.push(application);
    return application;
  }

  /** A new user with these roles; without an argument, a user without roles. */
  user(...roles: RoleName[]): TestUser {
    return this.api.user(...roles.map((role) => ROLE_NAMES[role]));
  }

  /** Adds a client as `by`. */
  async client(by: TestUser, facts: object = {}): Promise<ClientView> {
    const body = { name: 'Иванова Мария', kind: 'person', ...facts };
    return created(await by.post<ClientView>('/clients?allow_duplicate=true', body));
  }

  /** Opens a deal as `by`, for a new client unless the facts name one. */
  async deal(by: TestUser, facts: Readonly<Record<string, unknown>> = {}): Promise<DealView> {
    const clientId = facts.client_id ?? (await this.client(by)).id;
    const body = { title: 'КАСКО', next_review_at: '2026-03-10', ...facts, client_id: clientId };
    return created(await by.post<DealView>('/deals', body));
  }

  /** Moves a deal to a stage, which must differ from its present one. */
  async dealAt(by: TestUser, stage: string, facts: Readonly<Record<string, unknown>> = {}): Promise<DealView> {
    const { id } = await this.deal(by, facts);
    const answer = await by.patch<DealView>(`/deals/${id}/stage`, { stage });
    expect(answer).toMatchObject({ status: 200, body: { stage } });
    return answer.body;
  }

  /** Resolves when a statement that contains this text waits for a lock. */
  async blocked(text: string): Promise<void> {
    const sql = `SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND strpos(query, $1) > 0`;
    await until(async () => (await this.database.rows(sql, [text])).length > 0);
  }

  /** Events of a stream in the log, oldest first. */
  events(stream: string): Promise<LoggedRow[]> {
    return this.database.rows<LoggedRow>(
      `SELECT id, stream, stream_version, journal_seq, type, time, actor_id, traceparent, deal_id, client_id,
         audience, data FROM crm.event_log WHERE stream = $1 ORDER BY stream_version`,
      [stream],
    );
  }

  /** Entries of a deal's journal, oldest first. */
  journal(dealId: string): Promise<JournalEntryView[]> {
    return this.database.rows<JournalEntryView>(
      `SELECT id, deal_id, seq, kind, author_id, body, data, encode(hash, 'hex') AS hash,
         encode(prev_hash, 'hex') AS prev_hash, created_at FROM crm.journals WHERE deal_id = $1 ORDER BY seq`,
      [dealId],
    );
  }

  /** Number of rows of each table of the schema, without those in which readers of the log register at any time. */
  async rowCounts(): Promise<Readonly<Record<string, number>>> {
    const tables = await this.database.rows<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'crm'
         AND table_name NOT IN ('event_cursors', 'leases', 'projections') ORDER BY 1`,
    );
    const counts = tables.map(({ name }) => `SELECT '${name}' AS name, count(*)::int AS count FROM crm.${name}`);
    const rows = await this.database.rows<{ name: string; count: number }>(counts.join(' UNION ALL '));
    return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
  }

  /** Stops all applications with their connections; leaves the database for the next. */
  async closeApplications(): Promise<void> {
    await Promise.all(this.applications.splice(0).map((application) => application.close()));
  }

  async stop(): Promise<void> {
    await this.closeApplications();
    await this.database.drop();
  }
}

/** The created resource. */
function created<T>(answer: Answer<T>): T {
  if (answer.status !== 201) throw new Error(`not created: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}
