import { matchesKey } from './subscriber.js';

describe('a routing key', () => {
  it.each([
    ['deal.created', 'deal.created'],
    ['deal.created', 'deal.*'],
    ['deal.created', '*.created'],
    ['deal.created', '*.*'],
    ['deal.created', '#'],
    ['deal.created', 'deal.#'],
    ['deal.created', '#.created'],
    ['deal.created', 'deal.created.#'],
    ['deal.created', '#.deal.created'],
    ['deal', 'deal.#'],
    ['deal.payment.income.created', 'deal.#'],
    ['deal.payment.income.created', '#.created'],
    ['deal.payment.income.created', 'deal.#.created'],
    ['deal.payment.income.created', 'deal.*.*.created'],
    ['deal.payment.income.created', '#.payment.#'],
    ['deal.payment.income.created', '#.#'],
    ['deal.payment.income.created', '*.#.income.*'],
    ['a.b.a.b', '#.a.b'],
  ])('%s is meant by %s', (type, pattern) => {
    expect(matchesKey(type, pattern)).toBe(true);
  });

  it.each([
    ['deal.created', 'deal'],
    ['deal.created', 'deal.updated'],
    ['deal.created', 'deal.created.*'],
    ['deal.created', '*'],
    ['deal.created', '*.*.*'],
    ['deal.created', '#.*.*.*'],
    ['deal.created', 'DEAL.created'],
    ['deal.created', 'deal.creat*'],
    ['deal', '*.#.*'],
    ['deal.payment.income.created', 'deal.*'],
    ['deal.payment.income.created', 'deal.*.created'],
    ['deal.payment.income.created', '#.payment'],
    ['dealer.created', 'deal.#'],
    ['deal.created', ''],
  ])('%s is not meant by %s', (type, pattern) => {
    expect(matchesKey(type, pattern)).toBe(false);
  });
});
