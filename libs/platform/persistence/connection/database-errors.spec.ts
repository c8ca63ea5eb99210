import { isUnavailable } from './database-errors.js';

describe('a database error', () => {
  const error = (members: object) => Object.assign(new Error('refused'), members);

  it.each(['08000', '08003', '08006', '57P01', '57P03', '53300', '25006', 'ECONNREFUSED'])(
    'with code %s is temporary',
    (code) => expect(isUnavailable(error({ code }))).toBe(true),
  );

  it.each(['08P01', '22P02', '23503', '42601'])('with code %s is not temporary', (code) => {
    for (const severity of ['ERROR', 'FATAL', 'ОШИБКА', 'ВАЖНО']) {
      expect(isUnavailable(error({ code, severity, routine: 'exec_bind_message' }))).toBe(false);
    }
  });

  it.each(['FATAL', 'ERROR'])('of a pooler that closes the connection is temporary (%s)', (severity) => {
    expect(isUnavailable(error({ code: '08P01', severity }))).toBe(true);
  });

  it('without a code is temporary by its message', () => {
    expect(isUnavailable(new Error('Connection terminated unexpectedly'))).toBe(true);
    expect(isUnavailable(new Error('timeout expired'))).toBe(true);
    expect(isUnavailable(new Error('refused'))).toBe(false);
  });

  it('that quotes a text about lost connections is not temporary', () => {
    const quoting = new Error('invalid input syntax for type uuid: "connection terminated"');
    expect(isUnavailable(Object.assign(quoting, { code: '22P02', routine: 'string_to_uuid' }))).toBe(false);
  });
});
