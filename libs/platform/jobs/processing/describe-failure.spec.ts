import { DomainError } from '#platform/kernel';
import { describeFailure } from './describe-failure.js';

describe('what is recorded of a failure', () => {
  test('a refusal by a rule is described by its code and message', () => {
    const error = new DomainError('conflict', 'deal_closed', 'The deal is closed: reopen it first.');
    expect(describeFailure(error)).toBe('deal_closed: The deal is closed: reopen it first.');
  });

  test('a refusal of the database is described by its code, without the values it quotes', () => {
    const error = Object.assign(new Error('duplicate key value (email)=(ivan@example.org)'), {
      code: '23505',
      constraint: 'clients_email_key',
    });
    expect(describeFailure(error)).toBe('Error 23505 on clients_email_key');
  });

  test('a text that could not be parsed is not quoted', () => {
    const failure = (() => {
      try {
        return JSON.parse('Ivan Petrov') as unknown;
      } catch (error) {
        return error;
      }
    })();
    expect(describeFailure(failure)).toBe('SyntaxError');
  });

  test('a program error is described by its message, truncated to the column', () => {
    expect(describeFailure(new TypeError('no such thing'))).toBe('TypeError: no such thing');
    expect(describeFailure(new Error('x'.repeat(10_000)))).toHaveLength(500);
    expect(describeFailure('oops')).toBe('something other than an Error was thrown');
  });
});
