import { createHash } from 'node:crypto';
import type { JournalEntryView } from '#crm/journals/contracts';
import { newId } from '#platform/kernel';
import type { TestUser } from '#platform/testing';
import { Crm } from '../../support/crm.js';

const HASH = `crm.journal_hash(prev_hash, deal_id, seq, id, kind, author_id, body, data, created_at)`;

/** Changes by a database superuser, with the entry at which they are detected; `$1` is the deal. */
const TAMPERINGS: readonly (readonly [what: string, sql: string, brokenAt: number])[] = [
  ['a body changed', `UPDATE crm.journals SET body = 'nothing' WHERE deal_id = $1 AND seq = 3`, 3],
  ['a body changed by one space', `UPDATE crm.journals SET body = body || ' ' WHERE deal_id = $1 AND seq = 3`, 3],
  ['data changed', `UPDATE crm.journals SET data = '{"before": null}' WHERE deal_id = $1 AND seq = 4`, 4],
  ['an author changed', `UPDATE crm.journals SET author_id = gen_random_uuid() WHERE deal_id = $1 AND seq = 2`, 2],
  ['an author removed', `UPDATE crm.journals SET author_id = NULL WHERE deal_id = $1 AND seq = 2`, 2],
  ['a kind changed', `UPDATE crm.journals SET kind = 'system' WHERE deal_id = $1 AND seq = 3`, 3],
  ['an id changed', `UPDATE crm.journals SET id = gen_random_uuid() WHERE deal_id = $1 AND seq = 3`, 3],
  [
    'a time changed by a microsecond',
    `UPDATE crm.journals SET created_at = created_at + interval '1 microsecond' WHERE deal_id = $1 AND seq = 5`,
    5,
  ],
  ['the last entry changed', `UPDATE crm.journals SET body = 'nothing' WHERE deal_id = $1 AND seq = 5`, 5],
  ['the first entry deleted', `DELETE FROM crm.journals WHERE deal_id = $1 AND seq = 1`, 1],
  ['an entry deleted from the middle', `DELETE FROM crm.journals WHERE deal_id = $1 AND seq = 3`, 3],
  ['the last entry deleted', `DELETE FROM crm.journals WHERE deal_id = $1 AND seq = 5`, 5],
  ['the last two deleted', `DELETE FROM crm.journals WHERE deal_id = $1 AND seq > 3`, 4],
  ['all deleted', `DELETE FROM crm.journals WHERE deal_id = $1`, 1],
  [
    'an entry deleted and later ones renumbered',
    `DO $$ BEGIN
       DELETE FROM crm.journals WHERE deal_id = '$1' AND seq = 3;
       UPDATE crm.journals SET seq = 3 WHERE deal_id = '$1' AND seq = 4;
       UPDATE crm.journals SET seq = 4 WHERE deal_id = '$1' AND seq = 5;
     END $$`,
    3,
  ],
  [
    'two entries swapped',
    `DO $$ BEGIN
       UPDATE crm.journals SET seq = 99 WHERE deal_id = '$1' AND seq = 3;
       UPDATE crm.journals SET seq = 3 WHERE deal_id = '$1' AND seq = 4;
       UPDATE crm.journals SET seq = 4 WHERE deal_id = '$1' AND seq = 99;
     END $$`,
    3,
  ],
  [
    'an entry added that fits the chain',
    `INSERT INTO crm.journals SELECT gen_random_uuid(), deal_id, 6, kind, author_id, 'planted', data,
       crm.journal_hash(hash, deal_id, 6, id, kind, author_id, 'planted', data, created_at), hash, created_at
     FROM crm.journals WHERE deal_id = $1 AND seq = 5`,
    6,
  ],
  [
    'a body changed, and its hash with it',
    `UPDATE crm.journals SET body = 'x', hash = crm.journal_hash(prev_hash, deal_id, seq, id, kind, author_id, 'x', data, created_at) WHERE deal_id = $1 AND seq = 3`,
    4,
  ],
  [
    'the last body changed, and its hash with it',
    `UPDATE crm.journals SET body = 'x', hash = crm.journal_hash(prev_hash, deal_id, seq, id, kind, author_id, 'x', data, created_at) WHERE deal_id = $1 AND seq = 5`,
    5,
  ],
  [
    'a body changed and the rest of the chain recomputed',
    `DO $$ BEGIN
       UPDATE crm.journals SET body = 'x' WHERE deal_id = '$1' AND seq = 3;
       FOR n IN 3..5 LOOP
         UPDATE crm.journals j SET prev_hash = (SELECT hash FROM crm.journals WHERE deal_id = '$1' AND seq = n - 1)
         WHERE deal_id = '$1' AND seq = n;
         UPDATE crm.journals SET hash = ${HASH} WHERE deal_id = '$1' AND seq = n;
       END LOOP;
     END $$`,
    5,
  ],
];

describe('a journal', () => {
  let crm: Crm;
  let seller: TestUser;
  let dealId: string;

  beforeAll(async () => {
    crm = await Crm.start();
    seller = crm.user('seller');
  });
  beforeEach(async () => {
    ({ id: dealId } = await crm.deal(seller));
    for (const note of ['Called', 'Wants a discount']) await seller.post(`/deals/${dealId}/journal`, { body: note });
    await seller.patch(`/deals/${dealId}/stage`, { stage: 'proposal' });
    await seller.post(`/deals/${dealId}/journal`, { body: 'Sent the offer' });
  });
  afterAll(() => crm.stop());

  const verdict = async () => (await seller.get(`/deals/${dealId}/journal/verify`)).body;
  const forDeal = (sql: string) => sql.replaceAll("'$1'", `'${dealId}'`);

  it('without changes is valid', async () => {
    expect(await verdict()).toEqual({ valid: true, entries: 5, broken_at: null });
  });

  it.each(TAMPERINGS)('detects %s', async (_what, sql, brokenAt) => {
    await crm.database.rows('ALTER TABLE crm.journals DISABLE TRIGGER USER');
    const text = forDeal(sql);
    await crm.database.rows(text, text.includes('$1') ? [dealId] : []);
    await crm.database.rows('ALTER TABLE crm.journals ENABLE TRIGGER USER');
    expect(await verdict()).toMatchObject({ valid: false, broken_at: brokenAt });
  });

  it.each([
    ['UPDATE', `UPDATE crm.journals SET body = body`],
    ['DELETE', `DELETE FROM crm.journals`],
    ['UPDATE of one entry', `UPDATE crm.journals SET body = 'x' WHERE seq = 1`],
    ['TRUNCATE', 'TRUNCATE crm.journals'],
    ['TRUNCATE of the deals with all that hangs on them', 'TRUNCATE crm.deals CASCADE'],
    ['DELETE of a deal', `DELETE FROM crm.deals`],
  ])('refuses %s, also by a superuser', async (_what, sql) => {
    const before = await crm.journal(dealId);
    await expect(crm.database.rows(sql)).rejects.toThrow(
      // TRUNCATE … CASCADE fires the triggers of dependent tables in no fixed order.
      /append-only|journals_deal_fkey|money facts are never removed/,
    );
    expect(await crm.journal(dealId)).toEqual(before);
  });

  it('is chained by a documented hash', async () => {
    const entries = await crm.database.rows<JournalEntryView & { text: string }>(
      `SELECT encode(hash, 'hex') AS hash, encode(prev_hash, 'hex') AS prev_hash,
         jsonb_build_array(deal_id, seq, id, kind, author_id, body, data,
           to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text AS text
       FROM crm.journals WHERE deal_id = $1 ORDER BY seq`,
      [dealId],
    );
    for (const { hash, prev_hash, text } of entries) {
      expect(createHash('sha256').update(Buffer.from(prev_hash, 'hex')).update(text).digest('hex')).toBe(hash);
    }
  });

  it('of one deal is not affected by that of another', async () => {
    const { id: other } = await crm.deal(seller);
    await crm.database.rows('ALTER TABLE crm.journals DISABLE TRIGGER USER');
    await crm.database.rows(`UPDATE crm.journals SET body = 'x' WHERE deal_id = $1`, [other]);
    await crm.database.rows('ALTER TABLE crm.journals ENABLE TRIGGER USER');
    expect(await verdict()).toMatchObject({ valid: true });
    expect(await seller.get(`/deals/${newId()}/journal/verify`)).toMatchObject({ status: 404, code: 'deal_not_found' });
  });
});
