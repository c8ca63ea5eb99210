import { encodeCursor } from '#platform/http';
import { newId } from '#platform/kernel';
import type { TestUser } from '#platform/testing';
import { Crm, type Listed } from '../../support/crm.js';
import { EveryList, listsOf } from '../../support/books/every-list.js';

/** Values that are invalid for any or for this part of a cursor. */
const ODD_PARTS: readonly unknown[] = [
  '',
  'x',
  "' OR 1=1 --",
  'NaN',
  'infinity',
  '-infinity',
  'now',
  'null',
  '1e3',
  '-0',
  '2147483648',
  '9223372036854775808',
  '0000-01-01',
  '2026-02-30',
  '10000-01-01',
  '0001-01-01 BC',
  '2026-01-01T24:00:01.000Z',
  '2026-01-01T00:00:00.000+99:00',
  '+294277-01-01T00:00:00.000Z',
  '0000-01-01T00:00:00.000Z',
  '00000000-0000-0000-0000-00000000000g',
  '{00000000-0000-0000-0000-000000000000}',
  '\u0000',
  '\ud800',
  'x'.repeat(2_000),
  null,
  1,
  true,
  [],
  {},
];
const TYPED_PARTS = [newId(), '0001-01-01', '9999-12-31', '9999-12-31T23:59:59.999999Z', '2147483647', '-2147483647'];
/** Texts in place of the JSON of the parts. */
const ODD_TEXTS = ['', '{', 'null', '7', '"x"', '{}', '[', '[[]]', '{"length":2}'];

describe('a forged cursor', () => {
  let crm: Crm;
  let admin: TestUser;
  let rows: EveryList;
  let lists: readonly string[];

  beforeAll(async () => {
    crm = await Crm.start();
    admin = crm.user('admin');
    rows = await new EveryList(crm, admin).fill();
    lists = listsOf(crm).map(({ path }) => path);
  });
  afterAll(() => crm.stop());

  const page = (list: string, cursor: string) =>
    admin.get<Listed<object>>(`${rows.pathOf(list)}?limit=1${cursor && `&cursor=${cursor}`}`);

  /** A valid cursor, and a function that builds others of the same list. */
  async function cursorOf(list: string) {
    const { body } = await page(list, '');
    // A generated list has no rows here; its sort key is that of the generator.
    const generated = { name: list.split('/').at(-1)!, key: {} };
    const genuine = body.next_cursor ?? encodeCursor(['2026-03-02T06:00:00.000Z', newId()], generated);
    const parts = JSON.parse(Buffer.from(genuine, 'base64url').toString().slice(8)) as string[];
    const segments = list.split('/').filter((segment) => !segment.startsWith('{'));
    const names = segments.flatMap((segment) => [segment, `${segment.slice(0, -1)}-${segments.at(-1)}`]);
    const forge = (name: string, key: unknown) => encodeCursor(key as string[], { name, key: {} });
    const name = names.find((candidate) => forge(candidate, parts) === genuine);
    expect({ list, name }).toEqual({ list, name: expect.any(String) });
    return { genuine, parts, forge: (key: unknown) => forge(name!, key) };
  }

  it('is tested on every list', () => {
    expect(lists.length).toBeGreaterThanOrEqual(12);
  });

  it('with a missing or an additional part is refused with 422 by every list', async () => {
    for (const list of lists) {
      const { parts, forge } = await cursorOf(list);
      for (const key of [[], parts.slice(1), [...parts, parts[0]], [parts], Object.fromEntries(parts.entries())]) {
        const { status, code } = await page(list, forge(key));
        expect({ list, key, status, code }).toEqual({ list, key, status: 422, code: 'invalid_cursor' });
      }
    }
  });

  it('with a part of another type, or out of range, is refused with 422 by every list', async () => {
    for (const list of lists) {
      const { parts, forge } = await cursorOf(list);
      for (const [index] of parts.entries()) {
        for (const odd of ODD_PARTS) {
          const { status, code } = await page(list, forge(parts.with(index, odd as string)));
          // Bookmarks are sorted by name, so any text is a valid position.
          const isName = list.endsWith('/bookmarks') && typeof odd === 'string' && !/[\0\ud800]/.test(odd);
          const expected = isName ? { status: 200, code: undefined } : { status: 422, code: 'invalid_cursor' };
          expect({ list, index, odd, status, code }).toEqual({ list, index, odd, ...expected });
        }
      }
    }
  });

  it('of the right types selects another page of the same list, or is refused with 422', async () => {
    for (const list of lists) {
      const { parts, forge } = await cursorOf(list);
      const shown = (await admin.get<Listed<object>>(`${rows.pathOf(list)}?limit=200`)).body.items;
      for (const [index] of parts.entries()) {
        for (const part of TYPED_PARTS) {
          const { status, code, body } = await page(list, forge(parts.with(index, part)));
          if (status === 200) expect(shown).toEqual(expect.arrayContaining([...body.items]));
          else expect({ list, part, status, code }).toEqual({ list, part, status: 422, code: 'invalid_cursor' });
        }
      }
    }
  });

  it('without an array of parts is refused with 422 by every list', async () => {
    for (const list of lists) {
      const { genuine, parts } = await cursorOf(list);
      const checksum = Buffer.from(genuine, 'base64url').toString().slice(0, 8);
      const swapped = ODD_TEXTS.map((text) => Buffer.from(checksum + text).toString('base64url'));
      const others = [JSON.stringify(parts), `${checksum}${JSON.stringify(parts)} `, 'x'];
      for (const cursor of [...swapped, ...others.map((text) => Buffer.from(text).toString('base64url')), '%00']) {
        const { status } = await page(list, cursor);
        expect({ list, cursor, status }).toEqual({ list, cursor, status: 422 });
      }
    }
  });

  it.each(['9223372036854775808', '99999999999999999999', '-1', '1e3', '0x10', 'NaN', '１'])(
    'of the event feed, %s, is refused with 422',
    async (after) => {
      expect(await admin.get(`/events?after=${encodeURIComponent(after)}`)).toMatchObject({ status: 422 });
      const body = { position: after };
      expect(await admin.send('PUT', '/events/bookmarks/forged', { body })).toMatchObject({ status: 422 });
    },
  );
});
