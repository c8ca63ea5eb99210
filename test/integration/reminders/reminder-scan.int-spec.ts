import { addDays } from '#platform/kernel';
import { Crm } from '../../support/crm.js';
import { printMeasurements } from '../../support/books/measurements.js';
import { WorkerHarness } from '../../support/worker-harness.js';
import { expectedReminders, openBook } from '../../support/books/reminder-book.js';

const FIRST_DAY = '2026-03-02';
const BOOK = { deals: 20_000, policies: 100_000, payments: 100_000, quotes: 20_000, days: 365 };

describe('a daily run over a large database', () => {
  let crm: Crm;
  let worker: WorkerHarness;

  beforeAll(async () => {
    crm = await Crm.start();
    await openBook(crm.database, FIRST_DAY, BOOK);
    worker = await WorkerHarness.start(crm);
  });

  afterAll(async () => {
    await worker.close();
    await crm.stop();
  });

  it('publishes each reminder once', async () => {
    const day = addDays(FIRST_DAY, 1);
    const expected = await expectedReminders(crm.database, day, day);
    const began = Date.now();
    await worker.advanceTo(day);
    const seconds = (Date.now() - began) / 1_000;
    const given = await crm.database.rows<{ reminder: string }>(
      `SELECT kind || ' ' || subject_id || ' ' || due_on AS reminder FROM crm.reminders WHERE due_on = $1::date`,
      [day],
    );
    printMeasurements('daily run over a large database', {
      policies: BOOK.policies,
      payments: BOOK.payments,
      deals: BOOK.deals,
      reminders: given.length,
      'in s': seconds.toFixed(2),
    });
    expect(given.map(({ reminder }) => reminder).sort()).toEqual(expected);
  });
});
