import type { ListOrder } from '#platform/kernel';
import { SqlConditions } from './sql-conditions.js';

describe('conditions of a query', () => {
  it('number their parameters in the order in which they are added', () => {
    const conditions = new SqlConditions('NOT d.is_deleted');
    expect([conditions.sql, conditions.values, conditions.nextParameter]).toEqual(['NOT d.is_deleted', [], 1]);
    conditions.add((placeholder) => `d.id = ${placeholder}::uuid`, 'x');
    conditions.addSql(`(d.a = ${conditions.parameter(1)} OR d.b = ${conditions.parameter(2)})`);
    conditions.add((placeholder) => `d.c = ANY (${placeholder})`, ['y', 'z']);
    expect(conditions.sql).toBe('NOT d.is_deleted AND d.id = $1::uuid AND (d.a = $2 OR d.b = $3) AND d.c = ANY ($4)');
    expect(conditions.values).toEqual(['x', 1, 2, ['y', 'z']]);
    expect(conditions.nextParameter).toBe(5);
  });

  it.each([
    ['asc', false, '>'],
    ['desc', true, '<'],
  ] as const)('go on behind a key in %sending order', (_, isDescending, sign) => {
    const conditions = new SqlConditions();
    conditions.add((placeholder) => `a = ${placeholder}`, 1);
    const order: ListOrder = { name: 'days', key: { 'd.day': 'date', 'd.id': 'uuid' }, isDescending };
    conditions.addKey(order, ['2026-03-02', 'x']);
    expect(conditions.sql).toBe(`a = $1 AND (d.day, d.id) ${sign} ($2::date, $3::uuid)`);
    expect(conditions.values).toEqual([1, '2026-03-02', 'x']);
  });

  it('go on behind a key that may be null, which counts as the latest', () => {
    const conditions = new SqlConditions();
    conditions.addKey({ name: 'deals', key: { 'd.closed_at': 'timestamptz?', 'd.id': 'uuid' } }, ['infinity', 'x']);
    expect(conditions.sql).toBe(`(coalesce(d.closed_at, 'infinity'), d.id) > ($1::timestamptz, $2::uuid)`);
  });

  it.each([
    ['date', '2026-03-01', '2026-03-02', 'c >= $1::date AND c <= $2::date'],
    ['timestamptz', '2026-03-01T09:00:00Z', undefined, 'c >= $1::timestamptz'],
    [
      'timestamptz',
      '2026-03-01',
      '2026-03-02',
      'c >= ($1::date)::timestamp AT TIME ZONE $2::text AND c < ($3::date + 1)::timestamp AT TIME ZONE $4::text',
    ],
    ['date?', '2026-03-01', undefined, `coalesce(c, 'infinity') >= $1::date AND coalesce(c, 'infinity') < 'infinity'`],
    ['date?', undefined, '2026-03-02', `coalesce(c, 'infinity') <= $1::date`],
  ] as const)('limit a %s to the range from %s to %s', (type, from, to, sql) => {
    const conditions = new SqlConditions().addRanges([{ column: 'c', type, from, to }], 'Europe/Moscow');
    expect(conditions.sql).toBe(sql);
    expect(conditions.statement('x')).not.toHaveProperty('name');
  });

  it.each([
    [51, '51', []],
    [52, '$1::int', [52]],
  ])('end at %s rows, a usual number as part of the text', (rows, sql, values) => {
    const conditions = new SqlConditions();
    expect(conditions.limit(rows)).toBe(sql);
    expect(conditions.values).toEqual(values);
  });

  it.each([
    ['КАСКО', '%каско%'],
    ['50%', '%50\\%%'],
    ['a_b', '%a\\_b%'],
    ['c:\\d', '%c:\\\\d%'],
    ["'; DROP TABLE crm.deals; --", "%'; drop table crm.deals; --%"],
  ])('look for %s as it stands, in any case', (text, pattern) => {
    const conditions = new SqlConditions();
    conditions.addSearch('lower(d.title)', text);
    expect(conditions.sql).toBe('lower(d.title) LIKE $1::text');
    expect(conditions.values).toEqual([pattern]);
  });
});
