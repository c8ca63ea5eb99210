import Fastify from 'fastify';
import { installListJson } from './list-json.js';
import { ListAnswer } from './list-query.js';

describe('the JSON of a list', () => {
  const frozen = Object.freeze({ id: 'a', title: 'КАСКО "Camry"\n', version: 3, lost_reason: null });
  const app = Fastify();
  const answers: unknown[] = [];
  installListJson(app);
  app.get('/', (_request, reply) => reply.send(answers.shift()));
  afterAll(() => app.close());

  const told = async (answer: unknown): Promise<string> => {
    answers.push(answer);
    return (await app.inject('/')).body;
  };

  it.each([
    new ListAnswer([frozen, { id: 'b', note: undefined }, frozen], 'next', 12),
    new ListAnswer([frozen], null),
    new ListAnswer([], null, 0),
    new ListAnswer(['text', 1, null], null),
    { items: [frozen], next_cursor: null },
  ])('is that of any object', async (answer) => {
    const text = JSON.stringify(answer);
    expect(await told(answer)).toBe(text);
    expect(await told(answer)).toBe(text);
  });

  it('is written anew of what can change', async () => {
    const item = { version: 1 };
    await told(new ListAnswer([item], null));
    item.version = 2;
    expect(await told(new ListAnswer([item], null))).toBe('{"items":[{"version":2}],"next_cursor":null}');
  });
});
