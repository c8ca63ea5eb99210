import { newId } from '#platform/kernel';
import { accessToken } from '#platform/testing';
import { StreamApplication } from './stream-application.js';
import { StreamClient, type StreamOptions } from './stream-client.js';
import { EventDatabase } from './stream-events.js';

/** Short, so that a test sees heartbeats without waiting for them. */
const SETTINGS = { CRM_SSE_HEARTBEAT_MS: '200' };
const LEAD = accessToken({ userId: newId(), roles: ['ROLE_TEAM_LEAD'] });

/** An event log, an API on it, and the clients that a test opens. */
export class StreamHarness {
  private readonly clients: StreamClient[] = [];
  private readonly others: StreamApplication[] = [];

  private constructor(
    readonly database: EventDatabase,
    readonly api: StreamApplication,
  ) {}

  static async begin(): Promise<StreamHarness> {
    const database = await EventDatabase.create();
    return new StreamHarness(database, await StreamApplication.start(database.url, SETTINGS));
  }

  /** Opens a stream, as a lead by default. */
  async connect(options: StreamOptions = {}, application = this.api): Promise<StreamClient> {
    const client = await StreamClient.open(application.port, { token: LEAD, ...options });
    this.clients.push(client);
    return client;
  }

  /** Starts another API on the same log. */
  async another(
    settings: Readonly<Record<string, string>> = {},
    databaseUrl = this.database.url,
  ): Promise<StreamApplication> {
    const other = await StreamApplication.start(databaseUrl, { ...SETTINGS, ...settings });
    this.others.push(other);
    return other;
  }

  /** Closes the clients and applications of one test. */
  async rest(): Promise<void> {
    for (const client of this.clients.splice(0)) client.close();
    await Promise.all(this.others.splice(0).map((other) => other.stop()));
  }

  async end(): Promise<void> {
    await this.api.stop();
    await this.database.drop();
  }
}
