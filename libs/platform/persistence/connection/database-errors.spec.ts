import { isUnavailable } from './database-errors.js';

describe('a database error', () => {
  const error = (members: object) => Object.assign(new Error('refused'), members);

  it.each(['08000', '08003', '08006', '57P01', '57P03', '53300', '25006', 'ECONNREFUSED'])(
    'with code %s is temporary',
    (code) => expect(isUnavailable(error({ code }))).toBe(true),
  );

  it.each(['08P01', '22P02', '23503', '42601'])('with code %s is not temporary', (code) => {
    expect(isUnavailable(error({ code, severity: 'ERROR' }))).toBe(false);
    expect(isUnavailable(error({ code }))).toBe(false);
  });

  it('of a pooler that closes the connection is temporary', () => {
    expect(isUnavailable(error({ code: '08P01', severity: 'FATAL' }))).toBe(true);
  });
});
