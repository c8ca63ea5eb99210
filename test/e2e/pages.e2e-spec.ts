import { newId } from '#platform/kernel';
import { accessToken, Browser, until } from '#platform/testing';
import { Installation, type InstallationOptions } from '../support/programs/installation.js';
import type { Program } from '../support/programs/processes.js';

const QUEUE = 'deal-reviews';
const REASON = 'RangeError: the deal has no executor';

const PLACES: readonly { name: string; options: InstallationOptions }[] = [
  { name: 'Redis', options: { redis: true } },
  { name: 'PostgreSQL', options: {} },
];

describe.each(PLACES)('pages in a browser, with queues in $name', ({ options }) => {
  const token = accessToken({ userId: newId(), roles: ['ROLE_ADMIN'] });
  let installation: Installation;
  let api: Program;
  let worker: Program;
  let browser: Browser;

  beforeAll(async () => {
    [installation, browser] = await Promise.all([Installation.start(options), Browser.start()]);
    [api, worker] = await Promise.all([installation.api(), installation.worker()]);
  });
  afterAll(async () => {
    await browser?.close();
    await installation?.discard();
  });

  /** Adds a failed job for an unknown deal; a retry succeeds without an effect. */
  async function dead(): Promise<string> {
    const id = newId();
    await installation.database.rows(
      `INSERT INTO crm.job_requests (id, queue, name, key, payload, state, run_after, attempts, last_error, created_at,
         finished_at)
       VALUES ($1::uuid, $2, 'remind-one', $1::uuid::text, jsonb_build_object('subject_id', $1::uuid, 'day', '2026-03-02'), 'failed',
         now() - interval '2 minutes', 8, $3, now() - interval '2 minutes', now() - interval '1 minute')`,
      [id, QUEUE, REASON],
    );
    return id;
  }

  const stateOf = async (id: string) =>
    (await installation.database.rows<{ state: string }>('SELECT state FROM crm.job_requests WHERE id = $1', [id]))[0]
      ?.state;

  it('shows the queues', async () => {
    const visit = await browser.visit(`${api.url}/admin/queues`, token);
    for (const queue of [QUEUE, 'housekeeping']) await visit.page.getByText(queue).first().waitFor();
    expect(visit.troubles).toEqual({ errors: [], failures: [], foreign: [] });
  });

  it('shows why a job failed for good, and retries it on request', async () => {
    const id = await dead();
    const { page, troubles } = await browser.visit(`${api.url}/admin/queues/queue/${QUEUE}?status=failed`, token);
    await page.getByText(id).first().waitFor();
    await page.getByText(REASON).waitFor();
    await page.getByRole('button', { name: 'Retry all' }).click();
    await page.getByRole('button', { name: 'Confirm' }).click();
    await until(async () => (await stateOf(id)) === 'done');
    expect(troubles).toEqual({ errors: [], failures: [], foreign: [] });
    const done = 'crm_job_duration_seconds_count{queue="deal-reviews",job="remind-one",outcome="done"}';
    expect(await worker.metric(done)).toBe(1);
  });

  it('discards a failed job on request', async () => {
    const id = await dead();
    const { page, troubles } = await browser.visit(`${api.url}/admin/queues/queue/${QUEUE}?status=failed`, token);
    await page.getByText(id).first().waitFor();
    await page.getByRole('button', { name: 'Clean all' }).click();
    await page.getByRole('button', { name: 'Confirm' }).click();
    await until(async () => (await stateOf(id)) === 'done');
    await page.getByText(id).first().waitFor({ state: 'detached' });
    expect(troubles).toEqual({ errors: [], failures: [], foreign: [] });
  });

  it('shows the documentation of the API', async () => {
    const visit = await browser.visit(`${api.url}/docs`, token);
    await visit.page.getByText('/api/v1/deals/{id}/stage').first().waitFor();
    expect(visit.troubles).toEqual({ errors: [], failures: [], foreign: [] });
  });

  it('does not show the queues without a token', async () => {
    const visit = await browser.visit(`${api.url}/admin/queues`);
    expect(await visit.page.locator('body').innerText()).toContain('authorization_required');
  });
});
