import { until } from './until.js';

describe('waiting', () => {
  it('ends with what the condition gives at last', async () => {
    let asked = 0;
    expect(await until(() => (++asked < 4 ? null : `asked ${asked}`))).toBe('asked 4');
    expect(await until(() => Promise.resolve(asked))).toBe(4);
  });

  it('in vain says what was waited for', async () => {
    await expect(until(() => 'never'.length === 7, 0)).rejects.toThrow("'never'.length === 7");
  });

  it('ends when the condition itself fails', async () => {
    await expect(until(() => Promise.reject(new Error('no database')))).rejects.toThrow('no database');
  });
});
