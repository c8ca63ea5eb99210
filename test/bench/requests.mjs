/** Requests of the HTTP workloads, equal for each contestant with this service's API. */
import { createHash, randomInt } from 'node:crypto';
import { accessToken } from '#platform/testing';
import { clientId, clientsOf, dealId, paymentId, SELLERS, sellerId, sellerOf } from './data.mjs';

const LIMIT = 50;
const STAGES = 'stage=negotiation&stage=proposal';
const STATUSES = ['in_progress', 'negotiation', 'proposal'];

const bearer = (n, role) => `Bearer ${accessToken({ userId: sellerId(n), roles: [role] })}`;
const SELLER_TOKENS = Array.from({ length: SELLERS }, (_, n) => bearer(n, 'ROLE_SALES_AGENT'));
const LEAD_TOKEN = bearer(2_000, 'ROLE_TEAM_LEAD');

/** A request of a workload and of the equality check. */
export class ApiRequest {
  constructor(method, path, authorization, body, prefix = '/api/v1') {
    this.prefix = prefix;
    this.method = method;
    this.path = path;
    this.authorization = authorization;
    this.body = body && JSON.stringify(body);
  }

  /** As bytes on the wire. */
  get text() {
    const head = `${this.method} ${this.prefix}${this.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${this.authorization}\r\n`;
    if (this.body === undefined) return `${head}\r\n`;
    return `${head}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(this.body)}\r\n\r\n${this.body}`;
  }
}

/** Draws random requests over all data. */
export class Requests {
  constructor(deals) {
    this.deals = deals;
    this.number = 0;
    this.pages = [];
  }

  getDeal(n = randomInt(this.deals)) {
    return new ApiRequest('GET', `/deals/${dealId(n)}`, SELLER_TOKENS[sellerOf(n)]);
  }

  listDeals(period = ['30d', '90d'][randomInt(2)]) {
    return new ApiRequest('GET', `/deals?${STAGES}&period=${period}&limit=${LIMIT}`, LEAD_TOKEN);
  }

  /** A page that begins some 50,000 rows in: {@link preparePages} first. */
  listDealsDeep() {
    const cursor = this.pages[randomInt(this.pages.length)];
    return new ApiRequest('GET', `/deals?${STAGES}&period=90d&limit=${LIMIT}&cursor=${cursor}`, LEAD_TOKEN);
  }

  createDeal(n = randomInt(clientsOf(this.deals))) {
    return new ApiRequest('POST', '/deals', SELLER_TOKENS[sellerOf(n)], {
      client_id: clientId(n),
      title: `КАСКО, Toyota Camry ${2_000 + (this.number++ % 25)}`,
      description: 'Продление полиса, просил перезвонить после обеда',
      next_review_at: `2099-0${1 + (n % 9)}-${10 + (n % 18)}`,
    });
  }

  addIncome(n = randomInt(this.deals)) {
    return this.addIncomeTo(sellerOf(n), dealId(n), paymentId(n * 2 + (n % 2)));
  }

  addIncomeTo(seller, deal, payment) {
    return new ApiRequest('POST', `/deals/${deal}/payments/${payment}/incomes`, SELLER_TOKENS[seller], {
      amount: `${1 + (this.number++ % 900)}.50`,
      category: 'premium',
      posted_at: '2026-01-15',
      note: 'платёжное поручение',
    });
  }

  addPayment(seller, deal) {
    const body = { planned_date: '2026-01-15', planned_amount: '5000.00', currency: 'RUB' };
    return new ApiRequest('POST', `/deals/${deal}/payments`, SELLER_TOKENS[seller], body);
  }

  /** Four reads, three of them of one deal, for each write. */
  mixed() {
    const dice = randomInt(10);
    if (dice < 6) return this.getDeal();
    if (dice < 8) return this.listDeals();
    return dice === 8 ? this.createDeal() : this.addIncome();
  }

  /** Cursors of ten pages around row `depth` of the list, as the API would have given them. */
  async preparePages(book, depth = 50_000) {
    const rows = await book.query(
      `SELECT next_review_at::text AS day, id, to_char(updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at FROM crm.deals
       WHERE NOT is_deleted AND status = ANY ($1) ORDER BY crm.deals.next_review_at, crm.deals.updated_at, crm.deals.id
       OFFSET $2 LIMIT 500`,
      [STATUSES, depth],
    );
    if (rows.length === 0) throw new Error(`the list is shorter than ${depth} rows: take a greater book`);
    this.pages = rows.filter((_, place) => place % LIMIT === 0).map(({ day, at, id }) => cursorOf([day, at, id]));
  }
}

function cursorOf(key) {
  const text = JSON.stringify(key);
  const checksum = createHash('sha256').update(`deals\n${text}`).digest('base64url').slice(0, 8);
  return Buffer.from(checksum + text).toString('base64url');
}
