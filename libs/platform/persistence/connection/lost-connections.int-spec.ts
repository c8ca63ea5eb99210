import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { TestingModule } from '@nestjs/testing';
import { createTestDatabase, startTestModule, type TestDatabase, testEnvironment } from '#platform/testing';
import { isUnavailable } from './database-errors.js';
import { Database } from './database.js';
import { statement } from '../reading/statement.js';
import { UnitOfWork } from '../unit-of-work.js';

const ONE = statement('SELECT 1 AS one');

/** ReadyForQuery, idle: the last message of an answer. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

/** What a backend says that has lost its postmaster. */
const FATAL = errorResponse({ S: 'FATAL', C: '57P01', M: 'terminating connection due to unexpected postmaster exit' });

function errorResponse(fields: Readonly<Record<string, string>>): Buffer {
  const body = Object.entries(fields).map(([type, text]) => `${type}${text}\0`);
  const bytes = Buffer.from(`${body.join('')}\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(bytes.length + 4, 1);
  return Buffer.concat([head, bytes]);
}

/** Stands before PostgreSQL; can let a backend die in the moment in which it has answered, within one packet. */
class DyingServer {
  /** Answers to come until one is a backend's last; never when undefined. */
  private answersLeft: number | undefined;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async before(databaseUrl: string): Promise<DyingServer> {
    const url = new URL(databaseUrl);
    const target = { host: url.hostname, port: Number(url.port) };
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url.port = String((server.address() as AddressInfo).port);
    const dying = new DyingServer(server, url.href);
    server.on('connection', (client) => dying.forward(client, connect(target)));
    return dying;
  }

  dieWithAnswer(number: number): void {
    this.answersLeft = number;
  }

  async close(): Promise<void> {
    this.sockets.forEach((socket) => socket.destroy());
    this.server.close();
    await once(this.server, 'close');
  }

  private forward(client: Socket, backend: Socket): void {
    for (const socket of [client, backend]) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('data', (bytes) => backend.write(bytes)).on('close', () => backend.destroy());
    backend.on('close', () => client.destroy());
    backend.on('data', (bytes) => {
      const isAnswer = bytes.subarray(-READY.length).equals(READY);
      if (isAnswer && this.answersLeft !== undefined) this.answersLeft -= 1;
      if (this.answersLeft !== 0) return void client.write(bytes);
      this.answersLeft = undefined;
      client.end(Buffer.concat([bytes, FATAL]));
      backend.destroy();
    });
  }
}

describe('a backend that dies in the moment in which it has answered', () => {
  let database: TestDatabase;
  let server: DyingServer;
  let app: TestingModule;
  let unit: UnitOfWork;
  let sql: Database;

  beforeAll(async () => {
    database = await createTestDatabase([]);
    server = await DyingServer.before(database.url);
  });
  beforeEach(async () => {
    app = await startTestModule(testEnvironment({ databaseUrl: server.url }));
    unit = app.get(UnitOfWork);
    sql = app.get(Database);
  });
  afterEach(() => app.close());
  afterAll(async () => {
    await server.close();
    await database.drop();
  });

  const outcome = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

  it('fails what is asked next of a connection of one’s own', async () => {
    server.dieWithAnswer(1);
    const client = await sql.connect('crm-trial');
    expect(isUnavailable(await outcome(client.query(ONE.text)))).toBe(true);
    await client.end();
  });

  it('fails the unit that its connection was made for, and no other', async () => {
    const held = await heldUnit();
    server.dieWithAnswer(1);
    expect(isUnavailable(await outcome(unit.run(() => sql.query(ONE))))).toBe(true);
    expect(await unit.run(() => sql.query(ONE))).toEqual([{ one: 1 }]);
    expect(await held.end()).toEqual([{ one: 1 }]);
  });

  it('is not used again when its server has become read-only', async () => {
    await unit.run(() => sql.query({ text: 'SET default_transaction_read_only = on' }));
    const create = { text: 'CREATE TABLE public.written ()' };
    expect(isUnavailable(await outcome(unit.run(() => sql.query(create))))).toBe(true);
    expect(await unit.run(() => sql.query(create))).toEqual([]);
  });

  it('is not used again when its server has become read-only and refuses a lone statement', async () => {
    await sql.query({ text: 'SET default_transaction_read_only = on' });
    const create = { text: 'CREATE TABLE public.written_alone ()' };
    expect(isUnavailable(await outcome(sql.query(create)))).toBe(true);
    expect(await sql.query(create)).toEqual([]);
  });

  /** A unit that keeps the one idle connection, so that the next needs a new one. */
  async function heldUnit(): Promise<{ end(): Promise<unknown> }> {
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    let begun!: () => void;
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const work = unit.run(async () => {
      await sql.query(ONE);
      begun();
      await released;
      return sql.query(ONE);
    });
    await hasBegun;
    return {
      end: () => {
        release();
        return work;
      },
    };
  }
});
