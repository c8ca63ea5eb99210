import { newId } from '#platform/kernel';
import type { TestUser } from '#platform/testing';
import type { Listed } from '../../support/crm.js';
import { FeedHarness, type FeedBody } from './feed-harness.js';
import { numbered, range } from '../streams/stream-events.js';

interface BookmarkBody {
  readonly name: string;
  readonly position: string;
  readonly behind: number;
  readonly version: number;
  readonly updated_by_id: string;
}

describe('a bookmark', () => {
  let harness: FeedHarness;
  let service: TestUser;
  let last: number;

  beforeAll(async () => {
    harness = await FeedHarness.begin();
    service = harness.user('service');
    last = await harness.database.appendSequenced(numbered(newId(), 1, 100));
  });
  afterAll(() => harness.end());

  const set = (name: string, body: object, headers: Record<string, string> = {}) =>
    service.send<BookmarkBody>('PUT', `/events/bookmarks/${name}`, { body, headers });
  const made = async (position: number) => {
    const name = newId();
    expect(await set(name, { position: String(position) })).toMatchObject({ status: 201, headers: { etag: '"1"' } });
    return name;
  };
  const stateOf = async (name: string) => (await service.get<BookmarkBody>(`/events/bookmarks/${name}`)).body;

  it('lets its consumer resume: reading continues after the last read event', async () => {
    const name = await made(0);
    const seen: number[] = [];
    for (let more = true; more;) {
      const { body } = await service.get<FeedBody>(`/events?bookmark=${name}&limit=30`);
      seen.push(...body.items.map(({ position }) => Number(position)));
      const { position } = await stateOf(name);
      await set(name, { position: body.next_after, expected_position: position });
      more = body.has_more;
    }
    expect(seen).toEqual(range(1, last));
    expect(await stateOf(name)).toMatchObject({ position: String(last), behind: 0, updated_by_id: service.id });
  });

  it('moves by its version or by its position', async () => {
    const name = await made(10);
    expect(await set(name, { position: '20' }, { 'if-match': '"1"' })).toMatchObject({
      status: 200,
      headers: { etag: '"2"' },
      body: { position: '20', behind: last - 20, version: 2 },
    });
    expect(await set(name, { position: '30', expected_position: '20' })).toMatchObject({ status: 200 });
  });

  it.each([
    ['without its expected version or position', { position: '20' }, {}, 428, 'precondition_required'],
    ['by a version that it had before', { position: '20' }, { 'if-match': '"7"' }, 412, 'version_mismatch'],
    ['from where it is not', { position: '20', expected_position: '9' }, {}, 412, 'version_mismatch'],
    ['back', { position: '9', expected_position: '10' }, {}, 409, 'bookmark_moves_back'],
    ['into the future', { position: '9999', expected_position: '10' }, {}, 409, 'position_in_future'],
    ['nowhere', { position: 'end', expected_position: '10' }, {}, 422, 'validation_failed'],
    ['by a number', { position: 20, expected_position: '10' }, {}, 422, 'validation_failed'],
  ])('is not moved %s', async (_what, body, headers, status, code) => {
    const name = await made(10);
    expect(await set(name, body, headers)).toMatchObject({ status, code });
    expect(await stateOf(name)).toMatchObject({ position: '10', version: 1 });
  });

  it('moves back on request', async () => {
    const name = await made(10);
    const back = { position: '3', expected_position: '10', move_back: true };
    expect(await set(name, back)).toMatchObject({ status: 200, body: { position: '3' } });
  });

  it('is moved by one of many concurrent requests with the same version', async () => {
    const name = await made(0);
    const answers = await Promise.all(
      range(1, 20).map((n) => set(name, { position: String(n), expected_position: '0' })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(19);
  });

  it('is created by one of many concurrent requests', async () => {
    const name = newId();
    const answers = await Promise.all(range(1, 10).map((n) => set(name, { position: String(n) })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const winner = answers.find(({ status }) => status === 201)!.body.position;
    expect(await stateOf(name)).toMatchObject({ position: winner, version: 1 });
  });

  it('is not created by a request with an expected position', async () => {
    expect(await set(newId(), { position: '1', expected_position: '0' })).toMatchObject({ status: 412 });
    expect(await set('Not%20a%20name', { position: '1' })).toMatchObject({ status: 400, code: 'malformed_name' });
  });

  it('is listed by name, and not found after its deletion', async () => {
    const names = await Promise.all(range(1, 5).map((n) => made(n)));
    const { body } = await service.get<Listed<BookmarkBody>>('/events/bookmarks?limit=200');
    const listed = body.items.map(({ name }) => name);
    expect(listed).toEqual([...listed].sort());
    expect(listed).toEqual(expect.arrayContaining(names));
    const first = await service.get<Listed<BookmarkBody>>('/events/bookmarks?limit=2&include_total=true');
    const second = await service.get<Listed<BookmarkBody>>(
      `/events/bookmarks?limit=2&cursor=${first.body.next_cursor!}`,
    );
    expect([...first.body.items, ...second.body.items].map(({ name }) => name)).toEqual(listed.slice(0, 4));
    expect(first.body.total).toBe(listed.length);
    const path = `/events/bookmarks/${names[0]!}`;
    expect(await service.delete(path, { 'if-match': '"5"' })).toMatchObject({ status: 412 });
    expect(await service.delete(path, { 'if-match': '"1"' })).toMatchObject({ status: 204 });
    expect(await service.get(path)).toMatchObject({ status: 404, code: 'bookmark_not_found' });
    expect(await service.delete(path)).toMatchObject({ status: 404 });
  });
});
