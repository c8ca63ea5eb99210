import { accessToken, Browser, until, type Visit } from '#platform/testing';
import { newId } from '#platform/kernel';
import type { CrmUser } from '../support/crm-user.js';
import { Installation } from '../support/programs/installation.js';
import type { Program } from '../support/programs/processes.js';

const PHONE = { width: 390, height: 844 };
const WIDE = { width: 1_440, height: 900 };
const VIEWS = ['Pipeline', 'Due', 'Events'];
/** Failure of a stream that the page closed after it got the latest position. */
const ENDED = /^net::ERR_ABORTED .*\/streams\/deals$/;
const LOST_CONNECTION = /net::ERR_/;

describe('the console', () => {
  let installation: Installation;
  let browser: Browser;
  let api: Program;
  let other: Program;
  let broker: CrmUser;

  beforeAll(async () => {
    [installation, browser] = await Promise.all([Installation.start(), Browser.start()]);
    [api, other] = await Promise.all([installation.api(), installation.api(), installation.worker()]);
    broker = installation.user(other, ['ROLE_ADMIN']);
  });
  afterAll(async () => {
    await browser?.close();
    await installation?.discard();
  });

  async function signedIn(token = broker.token): Promise<Visit> {
    const visit = await browser.visit(`${api.url}/console`);
    await visit.page.getByLabel('Access token').fill(token);
    await visit.page.keyboard.press('Enter');
    await visit.page.getByRole('heading', { level: 1, name: 'Pipeline' }).waitFor();
    await said(visit, 'Live');
    return visit;
  }

  function expectNoTrouble({ errors, failures, foreign }: Visit): void {
    const unwanted = failures.filter((failure) => !ENDED.test(failure));
    expect({ errors, failures: unwanted, foreign }).toEqual({ errors: [], failures: [], foreign: [] });
  }

  const said = (visit: Visit, text: string) =>
    visit.page.getByRole('banner').getByRole('status').filter({ hasText: text }).waitFor();

  const cardIn = (visit: Visit, stage: string, title: string) =>
    visit.page.getByRole('region', { name: stage }).getByRole('link', { name: title, exact: true });

  async function openDeal(title: string): Promise<string> {
    const client = { name: 'Falkenried Maschinenbau', kind: 'company' };
    const { body } = await broker.post<{ id: string }>('/clients?allow_duplicate=true', client);
    const deal = { client_id: body.id, title, next_review_at: '2020-01-01' };
    return (await broker.post<{ id: string }>('/deals', deal)).body.id;
  }

  async function addPayment(dealId: string, amount: string): Promise<string> {
    const payment = { planned_date: '2026-01-01', planned_amount: amount, currency: 'RUB' };
    return (await broker.post<{ id: string }>(`/deals/${dealId}/payments`, payment)).body.id;
  }

  it('signs in by a link, and removes the token from the address at once', async () => {
    const seller = installation.user(other);
    const { page, failures } = await browser.visit(`${api.url}/console`);
    const requested: string[] = [];
    page.on('request', (request) => requested.push(request.url()));
    await page.goto('about:blank');
    await page.goto(`${api.url}/console#token=${broker.token}`, { waitUntil: 'domcontentloaded' });
    await page.getByRole('heading', { level: 1, name: 'Pipeline' }).waitFor();
    expect(page.url()).toBe(`${api.url}/console`);
    await page.evaluate(`location.hash = 'token=${seller.token}'`);
    await page.getByTitle('ROLE_SALES_AGENT').waitFor();
    expect(page.url()).toBe(`${api.url}/console`);
    expect(requested.filter((url) => url.includes(broker.token) || url.includes(seller.token))).toEqual([]);
    expect(failures.filter((failure) => !ENDED.test(failure))).toEqual([]);
    await page.evaluate(`location.hash = 'token=forged.token.here'`);
    await page.getByRole('alert').filter({ hasText: 'The access token is not valid' }).waitFor();
    expect(page.url()).toBe(`${api.url}/console`);
  });

  it('shows changes by other users without a reload: deals, stages, payments', async () => {
    const visit = await signedIn();
    const id = await openDeal('КАСКО, BMW X3');
    await cardIn(visit, 'Qualification', 'КАСКО, BMW X3').waitFor();
    await visit.page.getByText('Falkenried Maschinenbau').filter({ visible: true }).first().waitFor();
    await broker.patch(`/deals/${id}/stage`, { stage: 'proposal' });
    await cardIn(visit, 'Proposal', 'КАСКО, BMW X3').waitFor();
    await addPayment(id, '1234567.80');
    await visit.page.getByRole('region', { name: 'Proposal' }).getByText('1\u202f234\u202f567.80').waitFor();
    expectNoTrouble(visit);
  });

  it('updates the history of an open deal', async () => {
    const id = await openDeal('Cargo, 12 containers');
    const payment = await addPayment(id, '500.00');
    const quote = { insurance_company: 'Янтарный якорь', calculation_date: '2026-01-01', currency: 'RUB' };
    expect((await broker.post(`/deals/${id}/quotes`, quote)).status).toBe(201);
    const policy = { deal_id: id, insurance_company: 'Oostkade Re', policy_number: 'ХК 77' };
    expect((await broker.post('/policies', policy)).status).toBe(201);
    const visit = await signedIn();
    await cardIn(visit, 'Qualification', 'Cargo, 12 containers').click();
    for (const text of ['Янтарный якорь', 'ХК 77', 'Deal opened']) {
      // Events of other deals may name it too; the page hides them while a deal is open.
      await visit.page.getByText(text).filter({ visible: true }).first().waitFor();
    }
    const income = { amount: '200.00', category: 'premium', posted_at: '2026-01-02' };
    await broker.post(`/deals/${id}/payments/${payment}/incomes`, income);
    await visit.page.getByText('partially paid').waitFor();
    await broker.post(`/deals/${id}/journal`, { body: 'Клиент просит рассрочку' });
    await visit.page.getByText('Клиент просит рассрочку').waitFor();
    expectNoTrouble(visit);
  });

  it('removes a deal with its parts from the page of a user who loses access to it', async () => {
    const seller = installation.user(other);
    const id = await openDeal('Passed on');
    await addPayment(id, '750.00');
    const assign = (owner: string) => broker.patch(`/deals/${id}/assignment`, { owner_id: owner });
    expect((await assign(seller.id)).status).toBe(200);
    const [visit, due] = [await signedIn(seller.token), await signedIn(seller.token)];
    await cardIn(visit, 'Qualification', 'Passed on').click();
    await due.page.getByRole('link', { name: 'Due', exact: true }).click();
    for (const { page } of [visit, due]) await page.getByText('750.00').filter({ visible: true }).first().waitFor();
    await visit.page.getByText('Deal opened').waitFor();
    expect((await assign(broker.id)).status).toBe(200);
    await visit.page.getByText('Not available').waitFor();
    for (const text of ['750.00', 'Deal opened', 'Passed on']) expect(await visit.page.getByText(text).count()).toBe(0);
    await due.page.getByText('750.00').waitFor({ state: 'detached' });
  });

  it('removes the whole deal from the page when one request for its parts is refused', async () => {
    const seller = installation.user(other);
    const id = await openDeal('Reassigned');
    await addPayment(id, '860.00');
    const assign = (owner: string) => broker.patch(`/deals/${id}/assignment`, { owner_id: owner });
    expect((await assign(seller.id)).status).toBe(200);
    const { page } = await signedIn(seller.token);
    await page.goto(`${api.url}/console#/deals/${id}`);
    await page.getByText('860.00').filter({ visible: true }).first().waitFor();
    await page.getByText('Deal opened').waitFor();
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    await page.route(`**/api/v1/deals/${id}`, async (route) => {
      await released;
      await route.continue();
    });
    expect((await assign(broker.id)).status).toBe(200);
    await page.getByText('Not available').first().waitFor();
    for (const text of ['860.00', 'Deal opened', 'Reassigned']) expect(await page.getByText(text).count()).toBe(0);
    release();
    await page.unrouteAll({ behavior: 'wait' });
    expect((await assign(seller.id)).status).toBe(200);
    await page.getByText('Deal opened').waitFor();
  });

  it('marks outdated parts, and retries until they are loaded', async () => {
    const id = await openDeal('Paid while the server is busy');
    const payment = await addPayment(id, '4321.00');
    const { page } = await signedIn();
    await page.getByRole('link', { name: 'Due', exact: true }).click();
    const payments = page.getByRole('region', { name: 'Payments to come in' });
    await payments.getByText('4\u202f321.00').waitFor();
    const refusal = { status: 429, headers: { 'retry-after': '1' }, json: { detail: 'Too many exports are running.' } };
    await page.route('**/exports/payments?*', (route) => route.fulfill(refusal));
    const income = { amount: '4321.00', category: 'premium', posted_at: '2026-01-02' };
    expect((await broker.post(`/deals/${id}/payments/${payment}/incomes`, income)).status).toBe(201);
    await payments.getByText('Not up to date: Too many exports are running.').waitFor();
    await payments.getByText('4\u202f321.00').waitFor();
    await page.unrouteAll();
    await payments.getByText('4\u202f321.00').waitFor({ state: 'detached' });
    expect(await payments.getByText('Not up to date').count()).toBe(0);
  });

  it('reconnects when the API is available again, shows the missed changes, and reports it', async () => {
    const visit = await signedIn();
    await api.kill();
    await said(visit, 'Trying again');
    await openDeal('Made meanwhile');
    await api.start();
    await said(visit, 'Live again');
    await cardIn(visit, 'Qualification', 'Made meanwhile').waitFor();
    await openDeal('Made after');
    await cardIn(visit, 'Qualification', 'Made after').waitFor();
    expect(visit.errors.filter((error) => !LOST_CONNECTION.test(error))).toEqual([]);
    expect(visit.failures.filter((failure) => !LOST_CONNECTION.test(failure))).toEqual([]);
  });

  it('pauses and filters the stream of events on request', async () => {
    const visit = await signedIn();
    const { page } = visit;
    await page.getByRole('link', { name: 'Events' }).click();
    await page.getByText('deal.created').first().waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await openDeal('Opened while paused');
    await page.getByText(/Paused: [1-9]\d* newer events? not shown/).waitFor();
    expect(await page.getByText('Opened while paused').count()).toBe(0);
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByText('Opened while paused').first().waitFor();
    await page.getByRole('button', { name: 'clients' }).click();
    await page.getByText('deal.created').first().waitFor({ state: 'detached' });
    expectNoTrouble(visit);
  });

  it('stores the token in its tab only, and deletes it on sign-out or when it is no longer valid', async () => {
    const token = accessToken({ userId: newId(), roles: ['ROLE_TEAM_LEAD'] });
    const { page } = await signedIn(token);
    const stored = () =>
      page.evaluate<unknown>('[localStorage.length, document.cookie, JSON.stringify(sessionStorage)]');
    expect(await stored()).toEqual([0, '', JSON.stringify({ 'crm.console.token': token })]);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are signed out').waitFor();
    expect(await stored()).toEqual([0, '', '{}']);
    const expiring = accessToken({ userId: newId(), roles: ['ROLE_TEAM_LEAD'], expiresAt: Date.now() / 1000 + 8 });
    await page.getByLabel('Access token').fill(`Bearer ${expiring}`);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Pipeline' }).waitFor();
    await page.getByLabel('Access token').waitFor();
    expect(await stored()).toEqual([0, '', '{}']);
    const output = [...api.lines, ...other.lines].map((line) => JSON.stringify(line)).join('\n');
    for (const secret of [token, expiring]) expect(output).not.toContain(secret.split('.')[2]);
  });

  it('shows why a token is refused', async () => {
    const visit = await browser.visit(`${api.url}/console/`);
    await visit.page.getByLabel('Access token').fill('not a token');
    await visit.page.getByRole('button', { name: 'Sign in' }).click();
    await visit.page.getByRole('alert').filter({ hasText: /token/i }).waitFor();
    expect(await visit.page.evaluate<number>('sessionStorage.length')).toBe(0);
  });

  it.each(['light', 'dark'] as const)(
    'passes the accessibility checks on a wide screen and on a phone, in the %s theme',
    async (theme) => {
      const id = await openDeal(`Полис на фразу без пробелов ${'x'.repeat(60)}`);
      await addPayment(id, '99999999999.99');
      const visit = await browser.visit(`${api.url}/console`);
      const { page } = visit;
      await page.emulateMedia({ colorScheme: theme });
      expect(await visit.barriers()).toEqual([]);
      await page.getByLabel('Access token').fill(broker.token);
      await page.keyboard.press('Enter');
      for (const size of [WIDE, PHONE]) {
        await page.setViewportSize(size);
        for (const name of VIEWS) {
          await page.getByRole('link', { name, exact: true }).click();
          await expectUsable(visit, `${theme} ${name} ${size.width}`);
        }
        await page.goto(`${api.url}/console#/deals/${id}`);
        await page.getByText('Deal opened').waitFor();
        await expectUsable(visit, `${theme} deal ${size.width}`);
      }
      expectNoTrouble(visit);
    },
  );

  async function expectUsable(visit: Visit, where: string): Promise<void> {
    await visit.page.waitForLoadState('domcontentloaded');
    await until(async () => (await visit.page.getByText('Reading …').count()) === 0);
    const overflow = await visit.page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    expect({ where, barriers: await visit.barriers(), overflow: Math.max(0, overflow) }).toEqual({
      where,
      barriers: [],
      overflow: 0,
    });
  }

  it('loads nothing from other origins', async () => {
    const { headers } = await fetch(`${api.url}/console`);
    const policy = headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
  });
});
