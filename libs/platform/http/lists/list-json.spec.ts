import Fastify from 'fastify';
import { installListJson } from './list-json.js';
import { CachedListAnswer, ListAnswer } from './list-query.js';

describe('the JSON of a list', () => {
  const item = { id: 'a', title: 'КАСКО "Camry"\n', version: 3, lost_reason: null };
  const app = Fastify();
  const answers: unknown[] = [];
  installListJson(app);
  app.get('/', (_request, reply) => reply.send(answers.shift()));
  afterAll(() => app.close());

  const bodyOf = async (answer: unknown): Promise<string> => {
    answers.push(answer);
    return (await app.inject('/')).body;
  };

  it.each([
    new CachedListAnswer([item, { id: 'b', note: undefined }, item], 'next', 12),
    new CachedListAnswer([item], null),
    new CachedListAnswer([], null, 0),
    new ListAnswer([item, { id: 'b', note: undefined }, item], 'next', 12),
    new ListAnswer(['text', 1, null], null),
    { items: [item], next_cursor: null },
  ])('is the JSON of the same object, also when it is written again', async (answer) => {
    const text = JSON.stringify(answer);
    expect(await bodyOf(answer)).toBe(text);
    expect(await bodyOf(answer)).toBe(text);
  });

  it('of items that are not cached shows each change', async () => {
    const changing = { version: 1 };
    await bodyOf(new ListAnswer([changing], null));
    changing.version = 2;
    expect(await bodyOf(new ListAnswer([changing], null))).toBe('{"items":[{"version":2}],"next_cursor":null}');
  });
});
