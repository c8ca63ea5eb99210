import { connect, type Socket } from 'node:net';
import { type TestUser, until } from '#platform/testing';
import { newId } from '#platform/kernel';
import { Crm } from '../../support/crm.js';

const UPLOADS = 20;
const MANY_UPLOADS = { CRM_UPLOADS: '100', CRM_UPLOADS_PER_USER: '100' };
const EXPORTS = 10;
const ROUNDS = 20;
const FILE = 'name,kind\r\nАнна,person\r\n';

/** An HTTP exchange whose client decides what it sends and when it reads. */
class RawExchange {
  private received = '';

  constructor(readonly socket: Socket) {
    socket.setEncoding('utf8').on('error', () => undefined);
    socket.on('data', (text: string) => (this.received += text));
  }

  /** Sends a request whose headers announce `length` bytes; resolves when the server has begun to handle it. */
  static async begin(url: string, by: TestUser, path: string, length: number, headers: object = {}) {
    const { hostname, port } = new URL(url);
    const exchange = new RawExchange(connect(Number(port), hostname));
    const method = length > 0 ? 'POST' : 'GET';
    const all = { host: 'crm', ...by.authorization, ...(length > 0 && UPLOAD(length)), ...headers };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    exchange.socket.write(`${method} /api/v1${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    await exchange.text(length > 0 ? '100 Continue' : '200 OK');
    return exchange;
  }

  /** Resolves with what has arrived when it contains `part`. */
  async text(part: string): Promise<string> {
    while (!this.received.includes(part)) {
      await new Promise((resolve, reject) => {
        this.socket.once('data', resolve);
        this.socket.once('close', () => reject(new Error(`closed before ${part}: ${this.received}`)));
      });
    }
    return this.received;
  }

  /** Resolves with all that has arrived when the server has closed the connection. */
  async end(): Promise<string> {
    if (!this.socket.closed) await new Promise((resolve) => this.socket.once('close', resolve));
    return this.received;
  }
}

const UPLOAD = (length: number) => ({
  'content-type': 'text/csv',
  'content-length': length,
  expect: '100-continue',
});

describe('clients that stall', () => {
  let crm: Crm;
  let url: string;
  let admin: TestUser;
  const exchanges: RawExchange[] = [];

  beforeAll(async () => {
    crm = await Crm.start({
      CRM_DATABASE_POOL_SIZE: '4',
      CRM_EXPORTS: '100',
      CRM_UPLOAD_WINDOW_MS: '60000',
      ...MANY_UPLOADS,
    });
    url = await crm.api.listen();
    admin = crm.user('admin');
    const { id } = await crm.client(admin);
    await crm.database.rows(
      `INSERT INTO crm.deals (id, client_id, title, description, status, next_review_at, version, created_at, updated_at)
       SELECT gen_random_uuid(), $1, 'поток', repeat('текст ', 300), 'proposal', '2026-03-10', 1, now(), now()
       FROM generate_series(1, 8000)`,
      [id],
    );
  });
  afterEach(() => {
    for (const { socket } of exchanges.splice(0)) socket.destroy();
  });
  afterAll(() => crm.stop());

  const begin = async (...parameters: Parameters<typeof RawExchange.begin>) => {
    const exchange = await RawExchange.begin(...parameters);
    exchanges.push(exchange);
    return exchange;
  };

  it('do not occupy a database connection: 50 stalled exchanges do not block other users', async () => {
    const key = newId();
    const first = await admin.post('/imports/clients', FILE, { 'content-type': 'text/csv', 'idempotency-key': key });
    expect(first.status).toBe(202);
    for (let number = 0; number < UPLOADS; number++) {
      const keyed = await begin(url, admin, '/imports/clients', 9, { 'idempotency-key': key });
      const plain = await begin(url, crm.user('admin'), '/imports/clients', 9);
      for (const { socket } of [keyed, plain]) socket.write('n');
    }
    for (let number = 0; number < EXPORTS; number++) {
      (await begin(url, crm.user('admin'), '/exports/deals', 0)).socket.pause();
    }
    const [seller, other] = [crm.user('seller'), crm.user('admin')];
    for (let round = 0; round < ROUNDS; round++) {
      const deal = await crm.deal(seller);
      expect(await seller.get(`/deals/${deal.id}`)).toMatchObject({ status: 200 });
      const file = await other.post('/imports/clients', FILE, {
        'content-type': 'text/csv',
        'idempotency-key': newId(),
      });
      expect(file).toMatchObject({ status: 202 });
    }
    expect(exchanges.map(({ socket }) => socket.destroyed)).toEqual(Array(2 * UPLOADS + EXPORTS).fill(false));
    const waiting = `SELECT query FROM pg_stat_activity
      WHERE datname = current_database() AND state LIKE 'idle in transaction%'`;
    expect(await crm.database.rows(waiting)).toEqual([]);
  });

  it('release the slots of their pipelined exports when they close the connection', async () => {
    const api = await crm.also({ CRM_EXPORTS_PER_USER: '2', CRM_EXPORT_STALL_MS: '3600000' });
    const { hostname, port } = new URL(await api.listen());
    const user = crm.user('admin');
    const statusOf = async (method: 'GET' | 'HEAD'): Promise<number> =>
      (await api.inject({ method, url: '/api/v1/exports/policies', headers: user.authorization })).statusCode;
    // The first answer is not read, so the second one waits for it.
    const socket = connect(Number(port), hostname).pause();
    const headers = `Host: crm\r\nAuthorization: ${user.authorization.authorization}\r\n`;
    socket.write(`GET /api/v1/exports/deals HTTP/1.1\r\n${headers}\r\n`.repeat(2));
    // A HEAD request takes no slot while others run.
    await until(async () => (await statusOf('HEAD')) === 429);
    socket.destroy();
    await until(async () => {
      const statuses = await Promise.all([statusOf('GET'), statusOf('GET')]);
      return statuses.every((status) => status === 200);
    });
  });

  it('are refused without the right before their file is received', async () => {
    const key = newId();
    const seller = crm.user('seller');
    const { id } = await crm.client(seller);
    const body = { client_id: id, title: 'КАСКО', next_review_at: '2026-03-10' };
    expect(await seller.post('/deals', body, { 'idempotency-key': key })).toMatchObject({ status: 201 });
    const exchange = await begin(url, seller, '/imports/clients', 9, { 'idempotency-key': key });
    expect(await exchange.text('"code":"forbidden"')).toContain('HTTP/1.1 403 ');
  });

  it('are answered 429 above the uploads of one user and of the process, until an upload has ended', async () => {
    const api = await crm.also({ CRM_UPLOADS: '2', CRM_UPLOADS_PER_USER: '1', CRM_UPLOAD_WINDOW_MS: '60000' });
    const apiUrl = await api.listen();
    const first = await begin(apiUrl, admin, '/imports/clients', Buffer.byteLength(FILE));
    const second = await begin(apiUrl, admin, '/imports/clients', 9);
    const refused = await second.text('"code":"too_many_uploads"');
    expect(refused).toContain('HTTP/1.1 429 ');
    expect(refused).toMatch(/^retry-after: \d+\r$/im);
    await begin(apiUrl, crm.user('admin'), '/imports/clients', 9);
    const third = await begin(apiUrl, crm.user('admin'), '/imports/clients', 9);
    expect(await third.text('"code":"too_many_uploads"')).toContain('HTTP/1.1 429 ');
    first.socket.write(FILE);
    expect(await first.text('"state":"queued"')).toContain('HTTP/1.1 202 ');
    const next = await begin(apiUrl, admin, '/imports/clients', Buffer.byteLength(FILE));
    next.socket.write(FILE);
    expect(await next.text('"state":"queued"')).toContain('HTTP/1.1 202 ');
  });

  it.each(['', 'n'])('are answered 408 and disconnected when their file %j is not continued', async (sent) => {
    const api = await crm.also({ CRM_UPLOAD_WINDOW_MS: '100' });
    const exchange = await begin(await api.listen(), admin, '/imports/clients', 9);
    exchange.socket.write(sent);
    const answer = await exchange.end();
    expect(answer).toContain('HTTP/1.1 408 ');
    expect(answer).toContain('"code":"upload_too_slow"');
  });

  it('are answered 408 when a form is not continued after its file', async () => {
    const api = await crm.also({ CRM_UPLOAD_WINDOW_MS: '100' });
    const form = `--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n${FILE}\r\n--x\r\n`;
    const type = { 'content-type': 'multipart/form-data; boundary=x' };
    const exchange = await begin(await api.listen(), admin, '/imports/clients', 10_000, type);
    exchange.socket.write(form);
    expect(await exchange.end()).toContain('"code":"upload_too_slow"');
  });

  it('leave a file that is complete to the handler, in the order of the bytes that were sent', async () => {
    const exchange = await begin(url, admin, '/imports/clients', Buffer.byteLength(FILE));
    for (const byte of Buffer.from(FILE)) exchange.socket.write(Buffer.of(byte));
    expect(await exchange.text('"state":"queued"')).toContain('HTTP/1.1 202 ');
  });
});
