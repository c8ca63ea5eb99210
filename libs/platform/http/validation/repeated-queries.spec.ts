import { RepeatedQueries } from './repeated-queries.js';

class BoardQuery {
  stage?: string[];
}
class SearchQuery {
  text?: string;
}

describe('repeated queries', () => {
  let queries: RepeatedQueries;
  let made: number;
  const make = () => {
    made++;
    return Promise.resolve({ stage: ['won'] });
  };

  beforeEach(() => {
    queries = new RepeatedQueries();
    made = 0;
  });

  it('are converted once', async () => {
    const first = await queries.get(BoardQuery, { stage: 'won' }, make);
    expect(await queries.get(BoardQuery, { stage: 'won' }, make)).toBe(first);
    expect(made).toBe(1);
  });

  it.each([
    ['with another value', BoardQuery, { stage: 'lost' }],
    ['with the value as a list', BoardQuery, { stage: ['won'] }],
    ['with a further member', BoardQuery, { stage: 'won', limit: '1' }],
    ['for another DTO', SearchQuery, { stage: 'won' }],
  ])('are converted again %s', async (_, dto, query) => {
    await queries.get(BoardQuery, { stage: 'won' }, make);
    await queries.get(dto, query, make);
    expect(made).toBe(2);
  });

  it('give a DTO that cannot be changed', async () => {
    const dto = (await queries.get(BoardQuery, { stage: 'won' }, make)) as BoardQuery;
    expect(() => dto.stage!.push('lost')).toThrow(TypeError);
    expect(() => (dto.stage = [])).toThrow(TypeError);
  });

  it('are refused each time', async () => {
    const refuse = () => {
      made++;
      return Promise.reject(new RangeError('refused'));
    };
    for (let time = 1; time <= 2; time++) {
      await expect(queries.get(BoardQuery, { stage: 'open' }, refuse)).rejects.toThrow('refused');
      expect(made).toBe(time);
    }
  });

  it('are kept up to a length and a number', async () => {
    const long = { text: 'a'.repeat(500) };
    await queries.get(SearchQuery, long, make);
    await queries.get(SearchQuery, long, make);
    expect(made).toBe(2);
    for (let n = 0; n <= 100; n++) await queries.get(SearchQuery, { text: String(n) }, make);
    await queries.get(SearchQuery, { text: '0' }, make);
    expect(made).toBe(104);
  });
});
