import fc from 'fast-check';
import { matchesKey } from '../subscribing/subscriber.js';
import { isTypePattern, typeExpression } from './type-patterns.js';

const words = (...more: string[]) => fc.constantFrom('deal', 'payment', 'income', 'updated', ...more);
const dotted = (word: fc.Arbitrary<string>) =>
  fc.array(word, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.'));

describe('a pattern of event types', () => {
  it('means to the database what it means to the broker', () => {
    fc.assert(
      fc.property(
        dotted(words()),
        fc.array(dotted(words('*', '#')), { minLength: 1, maxLength: 3 }),
        (type, patterns) => {
          const isMeant = patterns.some((pattern) => matchesKey(type, pattern));
          expect(new RegExp(typeExpression(patterns)).test(`.${type}`)).toBe(isMeant);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('is every type when there is none', () => {
    expect(new RegExp(typeExpression([])).test('.deal.created')).toBe(true);
  });

  it.each(['', 'deal.', '.deal', 'deal..created', 'Deal', 'deal.**', 'deal.#x', "deal'", 'a.b.c.d.e.f.g.h.i'])(
    'is not %p',
    (text) => expect(isTypePattern(text)).toBe(false),
  );

  it.each(['#', '*', 'deal.payment.*', 'deal.#.updated', 'import.progress'])('is %p', (text) =>
    expect(isTypePattern(text)).toBe(true),
  );
});
