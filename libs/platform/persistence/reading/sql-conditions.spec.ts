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
