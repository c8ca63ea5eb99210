/** One word or several, written in every way that code needs. */
export interface Spellings {
  /** `loss-adjuster` */
  readonly kebab: string;
  /** `lossAdjuster` */
  readonly camel: string;
  /** `LossAdjuster` */
  readonly pascal: string;
  /** `LOSS_ADJUSTER` */
  readonly constant: string;
  /** `loss_adjuster` */
  readonly snake: string;
  /** `loss adjuster` */
  readonly words: string;
  /** `Loss adjuster` */
  readonly title: string;
}

/** What a domain is called. */
export interface DomainNames {
  readonly one: Spellings;
  readonly many: Spellings;
  /** `a claim` or `an order`. */
  readonly oneWithArticle: string;
}

const KEBAB = /^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/;
const MAX_LENGTH = 40;
/** No variable is called so. */
const OF_TYPESCRIPT = (
  'abstract any as async await bigint boolean break case catch class const constructor continue debugger declare ' +
  'default delete do else enum export extends false finally for function if implements import in infer instanceof ' +
  'interface is let module namespace new null number object of package private protected public readonly require ' +
  'return static string super switch symbol this throw true try type typeof undefined unique unknown var void while ' +
  'with yield'
).split(' ');
/** No column or table of PostgreSQL is called so without quotes. */
const OF_SQL = (
  'all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation ' +
  'column concurrently constraint create cross current default deferrable desc distinct do else end except false ' +
  'fetch for foreign freeze from full grant group having ilike in initially inner intersect into isnull join lateral ' +
  'leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps ' +
  'placing primary references returning right select session similar some symmetric system table tablesample then to ' +
  'trailing true union unique user using variadic verbose when where window with'
).split(' ');
const RESERVED: ReadonlySet<string> = new Set([...OF_TYPESCRIPT, ...OF_SQL]);
/** Words that name nothing: the house's checks refuse them. */
const EMPTY = /(^|-)(managers?|helpers?|utils?|data|infos?|impl|shared|common|core|misc)(-|$)/;

/**
 * Every spelling of a name.
 * @param what the name is for, as the refusal says it.
 * @param reserved words that it must not be.
 * @throws RangeError when it is no name for that.
 */
export function spellings(name: string, what: string, reserved = RESERVED): Spellings {
  if (!KEBAB.test(name)) {
    const proposal = name
      .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
      .replace(/[^A-Za-z0-9]+/g, '-')
      .toLowerCase()
      .replace(/^[-0-9]+|-+$/g, '');
    const hint = KEBAB.test(proposal) ? `: write ${proposal}` : '';
    throw new RangeError(`${what} is written in lower case with dashes, not “${name}”${hint}.`);
  }
  if (name.length > MAX_LENGTH) throw new RangeError(`${what} has ${MAX_LENGTH} characters at the most: “${name}”.`);
  if (reserved.has(name)) {
    throw new RangeError(`“${name}” is a word of TypeScript or SQL: choose another for ${lowered(what)}.`);
  }
  if (EMPTY.test(name)) {
    throw new RangeError(`“${name}” doesn't say what it is: name the thing or the act, as the business does.`);
  }
  const words = name.split('-');
  const pascal = words.map(capitalised).join('');
  return {
    kebab: name,
    camel: pascal.charAt(0).toLowerCase() + pascal.slice(1),
    pascal,
    constant: words.join('_').toUpperCase(),
    snake: words.join('_'),
    words: words.join(' '),
    title: capitalised(words.join(' ')),
  };
}

/**
 * The names of a new domain.
 * @param plural as its folder is called, e.g. `claims`.
 * @param singular only needed where it is not the plural without its ending.
 * @throws RangeError for a singular, and for what is no name.
 */
export function domainNames(plural: string, singular = singularOf(plural)): DomainNames {
  const many = spellings(plural, 'The name of a domain');
  if (singular === plural) {
    throw new RangeError(
      `A domain is named in the plural: write ${pluralOf(plural)}, or name one of them with --singular.`,
    );
  }
  const one = spellings(singular, 'The name of one of them', new Set(OF_TYPESCRIPT));
  return { one, many, oneWithArticle: `${/^[aeiou]/.test(singular) ? 'an' : 'a'} ${one.words}` };
}

/** `settle` → `settled`, `apply` → `applied`; the irregular ones the developer names. */
export function participleOf(verb: string): string {
  const [first = '', ...rest] = verb.split('-');
  const past = first.endsWith('e') ? `${first}d` : /[^aeiou]y$/.test(first) ? `${first.slice(0, -1)}ied` : `${first}ed`;
  return [past, ...rest].join('-');
}

function singularOf(plural: string): string {
  if (plural.endsWith('ies')) return `${plural.slice(0, -3)}y`;
  if (/(ss|x|zz|ch|sh)es$/.test(plural)) return plural.slice(0, -2);
  return /[^s]s$/.test(plural) ? plural.slice(0, -1) : plural;
}

function pluralOf(singular: string): string {
  if (/[^aeiou]y$/.test(singular)) return `${singular.slice(0, -1)}ies`;
  return /(s|x|z|ch|sh)$/.test(singular) ? `${singular}es` : `${singular}s`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
