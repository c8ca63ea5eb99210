import 'reflect-metadata';
import { filterOf, type StreamQuery } from '../stream-query.js';

const DEAL = '019ab0c4-6e2f-7a60-8b1e-1f7a3c0d9e52';
const OTHER = '019ab0c4-6e2f-7a60-8b1e-1f7a3c0d9e53';

function takes(query: StreamQuery, type: string, dealId: string | null = DEAL): boolean {
  const filter = filterOf(query);
  // Evaluated twice: the second result is cached.
  expect(filter.takes({ type, dealId })).toBe(filter.takes({ type, dealId }));
  return filter.takes({ type, dealId });
}

describe('a filter of events', () => {
  it('accepts every event when the filter is empty', () => {
    expect(takes({}, 'deal.updated')).toBe(true);
    expect(takes({}, 'client.merged', null)).toBe(true);
  });

  it('accepts the events of the requested deals, and none that belongs to no deal', () => {
    expect(takes({ deal_id: [DEAL] }, 'deal.updated')).toBe(true);
    expect(takes({ deal_id: [OTHER, DEAL] }, 'deal.updated')).toBe(true);
    expect(takes({ deal_id: [OTHER] }, 'deal.updated')).toBe(false);
    expect(takes({ deal_id: [DEAL] }, 'client.updated', null)).toBe(false);
  });

  it.each([
    ['deal.updated', 'deal.updated', true],
    ['deal.updated', 'deal.created', false],
    ['deal.*', 'deal.updated', true],
    ['deal.*', 'deal.payment.updated', false],
    ['deal.*', 'deal', false],
    ['deal.payment.*', 'deal.payment.updated', true],
    ['deal.payment.*', 'deal.payment.income.created', false],
    ['deal.payment.#', 'deal.payment.income.created', true],
    ['#.created', 'deal.payment.income.created', true],
    ['*.*.updated', 'deal.quote.updated', true],
    ['#', 'import.progress', true],
    ['#.#.#.#.#.#.#.#', 'deal.updated', true],
    ['deal.#.#.created', 'deal.created', true],
  ])('with %s looks at %s: %s', (pattern, type, expected) => {
    expect(takes({ types: [pattern] }, type)).toBe(expected);
  });

  it('accepts events of any requested pattern, repeated or comma-separated, of the requested deals', () => {
    const query: StreamQuery = { types: ['deal.created,deal.deleted', 'client.*'], deal_id: [DEAL] };
    expect(takes(query, 'deal.deleted')).toBe(true);
    expect(takes(query, 'deal.updated')).toBe(false);
    expect(takes(query, 'deal.deleted', OTHER)).toBe(false);
  });
});
