import { until } from '#platform/testing';
import { type CrmUser } from '../support/crm-user.js';
import { Installation } from '../support/programs/installation.js';
import { audit, isSequenced, NO_DISCREPANCIES } from '../support/events/log-audit.js';
import { StreamClient } from '../integration/streams/stream-client.js';
import { type Program } from '../support/programs/processes.js';
import { withFailureOutput } from '../support/programs/failure-output.js';

describe('a deal with PostgreSQL only', () => {
  let crm: Installation;
  let api: Program;
  let seller: CrmUser;

  beforeAll(async () => {
    crm = await Installation.start();
    [api] = await Promise.all([crm.api(), crm.worker()]);
    seller = crm.user(api);
  });

  afterAll(() => crm.discard());

  it(
    'has the same event stream, journal, projection and daily jobs, and gets one reminder',
    withFailureOutput(async () => {
      const stream = await StreamClient.open(api.port, { token: seller.token });
      const { id } = await seller.openDeal(await seller.addClient(), '2020-01-01');
      await seller.patch(`/deals/${id}`, { title: 'ОСАГО' });
      await until(() => stream.frames.some(({ event }) => event === 'deal.review_due'));
      await until(() => stream.frames.length >= 4);
      stream.close();
      const types = stream.frames.map(({ event }) => event).sort();
      expect(types).toEqual(['client.created', 'deal.created', 'deal.review_due', 'deal.updated']);
      const { body } = await seller.get<{ items: { body: string }[] }>(`/deals/${id}/journal`);
      expect(body.items.map((entry) => entry.body)).toEqual(['Deal opened', 'Deal changed: title']);
      await until(() => isSequenced(crm.database));
      const unread = `SELECT FROM crm.event_log e, crm.event_cursors c
        WHERE c.name = 'projection/reminders' AND e.position > c.position`;
      await until(async () => (await crm.database.rows(unread)).length === 0);
      const pending = `SELECT FROM crm.job_requests WHERE state = 'pending'`;
      await until(async () => (await crm.database.rows(pending)).length === 0);
      const reminders = `SELECT count(*)::int AS count FROM crm.event_log WHERE type = 'deal.review_due'`;
      expect(await crm.database.rows(reminders)).toEqual([{ count: 1 }]);
      expect(await audit(crm.database, [])).toEqual(NO_DISCREPANCIES);
    }),
  );
});
