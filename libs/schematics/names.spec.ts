import { domainNames, participleOf, spellings } from './names.js';

describe('the name of a domain', () => {
  it.each([
    ['claims', 'claim', 'a claim'],
    ['orders', 'order', 'an order'],
    ['loss-adjusters', 'loss-adjuster', 'a loss adjuster'],
    ['inquiries', 'inquiry', 'an inquiry'],
    ['branches', 'branch', 'a branch'],
    ['houses', 'house', 'a house'],
  ])('%s is that of many: one is %s', (many, one, withArticle) => {
    expect(domainNames(many)).toMatchObject({
      one: { kebab: one },
      many: { kebab: many },
      oneWithArticle: withArticle,
    });
  });

  it('that has no regular singular says it', () => {
    expect(domainNames('children', 'child').one.pascal).toBe('Child');
    expect(() => domainNames('children')).toThrow(
      'named in the plural: write childrens, or name one of them with --singular',
    );
  });

  it.each([
    ['claim', 'write claims'],
    ['policy', 'write policies'],
    ['Claims', 'write claims'],
    ['lossAdjusters', 'write loss-adjusters'],
    ['loss_adjusters', 'write loss-adjusters'],
    ['../claims', 'write claims'],
    ['7seas', 'in lower case with dashes'],
    ['', 'in lower case with dashes'],
    ['выплаты', 'in lower case with dashes, not “выплаты”.'],
    ['x'.repeat(41) + 's', '40 characters at the most'],
    ['claim-managers', "doesn't say what it is"],
    ['data', "doesn't say what it is"],
  ])('is not %s', (name, said) => {
    expect(() => domainNames(name)).toThrow(said);
  });
});

describe('a name', () => {
  it('is spelt for every place', () => {
    expect(spellings('loss-adjuster', 'A name')).toEqual({
      kebab: 'loss-adjuster',
      camel: 'lossAdjuster',
      pascal: 'LossAdjuster',
      constant: 'LOSS_ADJUSTER',
      snake: 'loss_adjuster',
      words: 'loss adjuster',
      title: 'Loss adjuster',
    });
  });

  it.each(['class', 'select', 'delete', 'user'])('is no word of a language: %s', (name) => {
    expect(() => spellings(name, 'An act')).toThrow(
      `“${name}” is a word of TypeScript or SQL: choose another for an act.`,
    );
  });
});

it.each([
  ['settle', 'settled'],
  ['approve-partly', 'approved-partly'],
  ['deny', 'denied'],
  ['delay', 'delayed'],
  ['reject', 'rejected'],
])('the past of %s is %s', (verb, past) => {
  expect(participleOf(verb)).toBe(past);
});
