import type { PaymentLineView } from '#crm/payments/contracts';
import { TestUser, until } from '#platform/testing';
import { Crm } from '../../support/crm.js';
import { addPayment, LINE, pathOf } from '../../support/money.js';
import { CommitProxy, type ErrorFields } from '../../support/programs/commit-proxy.js';

const fatal = (severity: string, code: string): ErrorFields => ({ S: severity, V: severity, C: code, M: 'lost' });

const NO_ANSWER: [string, ErrorFields | undefined][] = [
  ['the end of the connection', undefined],
  ['FATAL 57P01, of a server that stops', fatal('FATAL', '57P01')],
  ['FATAL 58000, of a connection pooler', fatal('FATAL', '58000')],
  ['FATAL XX000, of a connection pooler', fatal('FATAL', 'XX000')],
  ['PANIC 58030, of a failed disk', fatal('PANIC', '58030')],
];

describe('writes whose commit gets no answer', () => {
  let crm: Crm;
  let seller: TestUser;
  let proxy: CommitProxy;
  let behind: TestUser;

  beforeAll(async () => {
    crm = await Crm.start();
    seller = crm.user('seller');
    proxy = await CommitProxy.start(crm.database.url);
    const { inject } = await crm.also({ CRM_DATABASE_URL: proxy.url });
    behind = new TestUser(inject, seller.id, ['ROLE_SALES_AGENT']);
  });

  afterAll(async () => {
    await crm.stop();
    await proxy.stop();
  });

  it.each(NO_ANSWER)('answers a batch of incomes with 503 and adds each once: %s', async (_name, answer) => {
    const deals = await Promise.all(Array.from({ length: 6 }, () => crm.deal(seller)));
    const payments = await Promise.all(deals.map((deal) => addPayment(seller, deal)));
    proxy.loseNextCommit(answer);
    const added = await Promise.all(
      payments.map((payment) =>
        behind.post<PaymentLineView>(`${pathOf(payment)}/incomes`, { ...LINE, amount: '1.00' }),
      ),
    );
    const lines = await crm.database.rows<{ id: string; lines: number; total: string }>(
      `SELECT id, incomes_total::text AS total,
              (SELECT count(*)::int FROM crm.payment_incomes i WHERE i.payment_id = p.id) AS lines
         FROM crm.payments p WHERE id = ANY ($1::uuid[])`,
      [payments.map(({ id }) => id)],
    );
    expect(lines).toHaveLength(payments.length);
    for (const line of lines) expect(line).toMatchObject({ lines: 1, total: '1.00' });
    // Commands of other batches are not concerned.
    const refused = added.filter(({ status }) => status !== 201);
    expect(refused.length).toBeGreaterThan(0);
    for (const { status } of refused) expect(status).toBe(503);
  });

  it.each(NO_ANSWER)('answers a lone new deal with 503 and stores it once: %s', async (name, answer) => {
    const client = await crm.client(seller);
    const title = `No answer: ${name}`;
    proxy.loseNext(title, answer);
    const { status } = await behind.post('/deals', { client_id: client.id, title, next_review_at: '2099-01-01' });
    expect(status).toBe(503);
    const stored = () => crm.database.rows('SELECT 1 FROM crm.deals WHERE title = $1', [title]);
    await until(async () => (await stored()).length > 0);
    expect(await stored()).toHaveLength(1);
  });
});
