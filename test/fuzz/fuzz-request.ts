import { accessToken } from '#platform/testing';
import type { ApiDocument, Operation, Parameter } from './api-document.js';
import type { FuzzBook, FuzzDeal } from './fuzz-book.js';
import { HOSTILE_BODIES, HOSTILE_ESCAPES, hostileString } from './hostile-values.js';
import { Random } from './random.js';
import { SchemaValues } from './schema-values.js';

/** A request, ready to be sent. */
export interface FuzzRequest {
  readonly number: number;
  readonly operation: Operation;
  /** False when the method or the escapes of the path are not those of the operation. */
  readonly isDocumented: boolean;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | undefined;
}

type Level = 'valid' | 'nearly' | 'hostile';

const ROLES = {
  seller: ['ROLE_SALES_AGENT'],
  executor: ['ROLE_EXECUTOR'],
  finance: ['ROLE_FINANCE_MANAGER'],
  lead: ['ROLE_TEAM_LEAD'],
  admin: ['ROLE_ADMIN'],
  service: ['service'],
  roleless: [],
  unknown: ['ROLE_X', '__proto__'],
} as const;
const OTHER_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'];
const FILES: Readonly<Record<string, (deal: FuzzDeal, random: Random) => string>> = {
  clients: (_deal, random) => `name,kind,email\r\n${random.word(8)},person,${random.whole(0, 1e6)}@example.com\r\n`,
  deals: (deal) => `client_id,title,next_review_at\r\n${deal.client_id},ОСАГО,2026-03-10\r\n`,
  policies: (deal, random) => `deal_id,insurance_company,policy_number\r\n${deal.id},Согласие,${random.uuid()}\r\n`,
  payments: (deal) => `deal_id,planned_date,planned_amount,currency\r\n${deal.id},2026-03-10,1.00,RUB\r\n`,
};

/** Makes the request of a number: equal seeds, numbers and books make equal requests. */
export class RequestMaker {
  constructor(
    private readonly document: ApiDocument,
    private readonly seed: number,
  ) {}

  make(number: number, book: FuzzBook): FuzzRequest {
    const { operations } = this.document;
    const random = new Random(this.seed, number);
    // Each operation comes equally often, whatever the seed is.
    return new Making(this.document, random, book, operations[number % operations.length]!).request(number);
  }
}

class Making {
  private readonly deal: FuzzDeal;
  private readonly level: Level;
  private readonly values: SchemaValues;
  private isDocumented = true;

  constructor(
    document: ApiDocument,
    private readonly random: Random,
    private readonly book: FuzzBook,
    private readonly operation: Operation,
  ) {
    this.deal = random.pick(book.deals);
    this.level = random.weighted<Level>([
      [50, 'valid'],
      [30, 'nearly'],
      [20, 'hostile'],
    ]);
    this.values = new SchemaValues(document, random, book, this.deal);
  }

  request(number: number): FuzzRequest {
    const { operation, random } = this;
    const method = random.chance(0.03) ? random.pick(OTHER_METHODS) : operation.method;
    if (method !== operation.method) this.isDocumented = false;
    const url = `${this.path()}${this.query()}`;
    const { type, body } = this.content();
    const headers = {
      ...this.credentials(),
      ...this.parameterHeaders(),
      ...this.otherHeaders(),
      ...(type !== undefined && { 'content-type': type }),
    };
    return { number, operation, isDocumented: this.isDocumented, method, url, headers, body };
  }

  /** Whether this part of the request gets a fault. */
  private isFaulty(): boolean {
    return this.random.chance({ valid: 0, nearly: 0.15, hostile: 0.5 }[this.level]);
  }

  private path(): string {
    return this.operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      if (!this.isFaulty()) return this.random.chance(0.03) ? this.random.uuid() : this.pathValue(name);
      if (this.random.chance(0.2)) {
        this.isDocumented = false;
        return this.random.pick(HOSTILE_ESCAPES) || 'x';
      }
      return escaped(hostileString(this.random)) || '%20';
    });
  }

  private pathValue(name: string): string {
    const { random, deal, operation, book } = this;
    const { path } = operation;
    if (name === 'type') return random.pick(['crm.deal.created', 'crm.deal.payment.updated']);
    if (name === 'name') return random.pick(['reports', 'a-b.c_d', 'x']);
    if (name === 'qid') return random.pick(deal.quotes);
    if (name === 'lid') return path.includes('/incomes') ? deal.income_id : deal.expense_id;
    if (name === 'pid' || name === 'policy_id' || name === 'document_id') return deal[name];
    if (path.includes('/imports/')) return book.importId;
    if (path.includes('/clients/')) return deal.client_id;
    if (path.includes('/policies/{id}')) return deal.policy_id;
    return path.includes('/deals/') ? deal.id : random.uuid();
  }

  private query(): string {
    const { random, operation } = this;
    const parts: string[] = [];
    for (const parameter of operation.parameters) {
      if (parameter.in !== 'query' || !random.chance(0.3)) continue;
      const value = this.isFaulty() ? hostileString(random) : this.queryValue(parameter);
      parts.push(`${parameter.name}=${escaped(value)}`);
      if (this.isFaulty()) parts.push(`${parameter.name}=${escaped(value)}`);
    }
    if (this.level === 'hostile' && random.chance(0.2)) {
      parts.push(
        random.pick([
          'color=red',
          'clientId=x&client_id=x',
          'limit[]=1',
          'limit[$gt]=1',
          '=',
          '__proto__=1',
          '&&',
          'a=%zz',
          'a=%FF',
        ]),
      );
    }
    return parts.length > 0 ? `?${parts.join('&')}` : '';
  }

  private queryValue({ name, schema }: Parameter): string {
    if (name === 'cursor') return this.book.cursors[this.operation.path] ?? 'x';
    if (name === 'wait') return '0';
    return String(this.values.valid(schema, name));
  }

  private credentials(): Record<string, string> {
    const { random, book } = this;
    const role = random.weighted<keyof typeof ROLES | 'none' | 'broken'>([
      [40, 'admin'],
      [15, 'seller'],
      [10, 'executor'],
      [10, 'finance'],
      [10, 'lead'],
      [5, 'service'],
      [2, 'roleless'],
      [2, 'unknown'],
      [3, 'none'],
      [3, 'broken'],
    ]);
    if (role === 'none') return {};
    if (role === 'broken') return { authorization: this.brokenToken() };
    const userId = role === 'executor' ? book.executorId : book.sellerId;
    const token = accessToken({ userId, roles: ROLES[role] });
    return random.chance(0.05) ? { cookie: `crm_access_token=${token}` } : { authorization: `Bearer ${token}` };
  }

  private brokenToken(): string {
    const { random } = this;
    const token = accessToken({ userId: random.uuid(), roles: ROLES.admin, expiresAt: 1 });
    return random.pick([
      `Bearer ${token}`,
      `Bearer ${token.slice(0, -3)}`,
      `Bearer ${token}.${token}`,
      'Bearer ',
      'Bearer null',
      'Basic YTpi',
      `Bearer ${'x'.repeat(3000)}`,
      'Bearer e30.e30.e30',
    ]);
  }

  private parameterHeaders(): Record<string, string> {
    const { random, operation } = this;
    const headers: Record<string, string> = {};
    for (const { in: place, name } of operation.parameters) {
      if (place !== 'header' || !random.chance(0.3)) continue;
      const valid = {
        'If-Match': random.pick(['"1"', '"1"', '"2"', '*', '"1", "2"']),
        'Idempotency-Key': random.pick([random.uuid(), `key-${random.whole(0, 50)}`]),
        'Last-Event-ID': random.pick(['0', '1', '999999999']),
      }[name];
      headers[name] = this.isFaulty() || valid === undefined ? headerText(hostileString(random)) : valid;
    }
    return headers;
  }

  private otherHeaders(): Record<string, string> {
    const { random } = this;
    if (!this.isFaulty()) return random.chance(0.1) ? { 'if-none-match': random.pick(['"1"', '*', 'W/"1"']) } : {};
    return random.pick<Record<string, string>>([
      { accept: random.pick(['text/html', 'application/xml', '*/*;q=0', 'x', 'application/json;q=1e9']) },
      { 'accept-language': '*;q=9', 'accept-encoding': 'x' },
      { range: 'bytes=0-1' },
      { origin: 'https://evil.example' },
      { 'x-request-id': headerText(hostileString(random)) },
      { traceparent: random.pick(['00-0-0-0', 'x', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`]) },
      { 'x-forwarded-for': '::ffff:0:0, x, 1.2.3.4', 'x-forwarded-proto': 'gopher', 'x-forwarded-host': '@' },
      { 'x-http-method-override': 'DELETE' },
      { 'if-match': headerText(hostileString(random)) },
      { 'idempotency-key': headerText(hostileString(random)) },
    ]);
  }

  private content(): { type?: string; body: string | Buffer | undefined } {
    const { random, operation } = this;
    const types = Object.keys(operation.bodies);
    if (types.length === 0) {
      const isUnexpected = this.level === 'hostile' && random.chance(0.3);
      return isUnexpected ? { type: 'application/json', body: random.pick(HOSTILE_BODIES) } : { body: undefined };
    }
    const isFile = types.includes('text/csv');
    const faultyType = this.isFaulty() && random.chance(0.3);
    const type = faultyType
      ? random.pick(['text/plain', 'application/json; charset=latin1', 'multipart/form-data', 'x', 'text/csv', ''])
      : isFile
        ? random.pick(['text/csv', 'multipart/form-data; boundary=b'])
        : 'application/json';
    return { type, body: isFile ? this.file(type) : this.json() };
  }

  private json(): string | Buffer {
    const { random, operation, values } = this;
    const schema = operation.bodies['application/json']!;
    if (this.level === 'valid') return JSON.stringify(values.valid(schema, ''));
    if (this.level === 'nearly') return values.withFaults(schema, 1);
    return random.chance(0.3) ? random.pick(HOSTILE_BODIES) : values.withFaults(schema, random.whole(1, 5));
  }

  private file(type: string): string | Buffer {
    const { random, operation, deal } = this;
    let text = FILES[operation.path.split('/').at(-1)!]!(deal, random);
    if (this.level === 'nearly') text = text.replace(/[^,\r\n]+(?=\r\n$)/, () => hostileString(random));
    if (this.level === 'hostile') text = random.pick([...HOSTILE_BODIES.map(String), `${text}"`, `sep=;\r\n${text}`]);
    if (!type.startsWith('multipart')) return text;
    const part = `Content-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv`;
    const end = this.isFaulty() ? '' : '--b--\r\n';
    return `--b\r\n${part}\r\n\r\n${text}\r\n${end}`;
  }
}

/** As a part of a URL: a dot alone would be a step in the path. */
function escaped(text: string): string {
  return encodeURIComponent(text).replaceAll('.', '%2E');
}

/** As Node.js sends it in a header: without control characters, in Latin-1. */
function headerText(text: string): string {
  return Buffer.from(text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?'), 'latin1').toString('latin1');
}
