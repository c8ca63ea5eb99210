import { dayCount, writtenDate } from './reminder.js';

describe('the text of a reminder', () => {
  it.each([
    [1, '1 день'],
    [3, '3 дня'],
    [5, '5 дней'],
    [11, '11 дней'],
    [14, '14 дней'],
    [22, '22 дня'],
  ])('declines %d days', (count, text) => {
    expect(dayCount(count)).toBe(text);
  });

  it('writes a date by day, month and year', () => {
    expect(writtenDate('2026-04-03')).toBe('03.04.2026');
  });
});
