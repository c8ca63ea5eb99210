import { until } from '#platform/testing';
import type { CrmUser } from '../support/crm-user.js';
import { csvOf, type ShownImport } from '../support/import-harness.js';
import { Installation } from '../support/programs/installation.js';
import type { Program } from '../support/programs/processes.js';
import { withFailureOutput } from '../support/programs/failure-output.js';

const ROWS = 15_000;

describe('an import whose worker is killed', () => {
  let crm: Installation;
  let api: Program;
  let worker: Program;
  let admin: CrmUser;

  beforeAll(async () => {
    crm = await Installation.start({ redis: true });
    [api, worker] = await Promise.all([crm.api(), crm.worker()]);
    admin = crm.user(api, ['ROLE_ADMIN']);
  });
  afterAll(() => crm.discard());

  const shown = async (id: string) => (await admin.get<ShownImport>(`/imports/${id}`)).body;
  const imported = async (title: string) => {
    const [row] = await crm.database.rows<{ rows: number; titles: number; entries: number; events: number }>(
      `SELECT count(*)::int AS rows, count(DISTINCT d.title)::int AS titles,
         (SELECT count(*)::int FROM crm.journals j JOIN crm.deals o ON o.id = j.deal_id WHERE o.title LIKE $1) AS entries,
         (SELECT count(*)::int FROM crm.event_log e JOIN crm.deals o ON o.id = e.deal_id
          WHERE o.title LIKE $1 AND e.type = 'deal.created') AS events
       FROM crm.deals d WHERE d.title LIKE $1`,
      [`${title} %`],
    );
    return row!;
  };

  async function hand(title: string, mode: string): Promise<string> {
    const clientId = await admin.addClient();
    const rows = Array.from({ length: ROWS }, (_, index) => [clientId, `${title} ${index}`, '2099-01-01']);
    const file = csvOf(['client_id', 'title', 'next_review_at'], rows);
    const answer = await admin.upload<ShownImport>(`/imports/deals?mode=${mode}`, file);
    expect(answer.status).toBe(202);
    return answer.body.id;
  }

  it.each(['good_rows', 'all_or_nothing'])(
    'in mode %s imports each row once, however often the worker is killed',
    (mode) =>
      withFailureOutput(async () => {
        const id = await hand(mode, mode);
        for (const [state, part] of [
          [mode === 'good_rows' ? 'applying' : 'checking', 0.1],
          ['applying', mode === 'good_rows' ? 0.5 : 0],
        ] as const) {
          await until(async () => {
            const run = await shown(id);
            return (run.state === state && run.rows_done >= part * ROWS) || run.state === 'done';
          }, 100_000);
          await worker.kill();
          const before = await shown(id);
          expect(before.state).not.toBe('done');
          if (mode === 'all_or_nothing') expect(await imported(mode)).toMatchObject({ rows: 0, events: 0 });
          await worker.start();
        }
        const run = await until(async () => {
          const now = await shown(id);
          return now.state === 'done' && now;
        }, 120_000);
        expect(run).toMatchObject({ rows: ROWS, created: ROWS, failed: 0, rows_done: ROWS });
        expect(await imported(mode)).toEqual({ rows: ROWS, titles: ROWS, entries: ROWS, events: ROWS });
      })(),
  );

  it('continues after Redis has lost its data, and stops in time on SIGTERM', async () => {
    const id = await hand('redis', 'good_rows');
    await until(async () => (await shown(id)).rows_done > 0, 60_000);
    await worker.kill();
    await crm.queues.stop();
    await crm.queues.start();
    await worker.start();
    await until(async () => (await shown(id)).state === 'done', 120_000);
    expect(await imported('redis')).toEqual({ rows: ROWS, titles: ROWS, entries: ROWS, events: ROWS });
    const last = await hand('stop', 'good_rows');
    await until(async () => (await shown(last)).rows_done > 0, 60_000);
    expect(await worker.stop()).toMatchObject({ code: 0 });
  });
});
