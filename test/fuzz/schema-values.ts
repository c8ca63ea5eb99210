import type { ApiDocument, Schema } from './api-document.js';
import type { FuzzBook, FuzzDeal } from './fuzz-book.js';
import { hostileJson } from './hostile-values.js';
import type { Random } from './random.js';

const DAY_MS = 86_400_000;
/** Names of a first and of a last day; the days between them are a valid period. */
const FIRST_DAY = /from|start|first|planned/;
const LAST_DAY = /to$|end|before|review/;
/** A parameter that takes a moment or a day. */
const MOMENT = /^(?:created|updated|closed)_(?:from|to|since)$/;
/** Stands for the text of a value in JSON until the body is complete. */
const MARK = '\ue000';

/** Values of the document's schemas: valid ones, and JSON texts with faults. */
export class SchemaValues {
  constructor(
    private readonly document: ApiDocument,
    private readonly random: Random,
    private readonly book: FuzzBook,
    private readonly deal: FuzzDeal,
  ) {}

  /** A value that the schema permits; `name` tells ids, days and currencies apart. */
  valid(unresolved: Schema, name: string): unknown {
    const { random } = this;
    const schema = this.document.resolve(unresolved);
    if (schema.anyOf) return this.valid(random.pick(schema.anyOf), name);
    const types = [schema.type ?? 'object'].flat();
    if (types.includes('null') && random.chance(0.15)) return null;
    if (schema.enum) return random.pick(schema.enum);
    const type = types.find((candidate) => candidate !== 'null') ?? 'null';
    if (type === 'object') return this.validObject(schema);
    if (type === 'array') {
      const length = random.weighted([
        [6, random.whole(0, 2)],
        [1, Math.min(schema.maxItems ?? 50, 60)],
      ]);
      return Array.from({ length }, () => this.valid(schema.items!, name));
    }
    if (type === 'integer') return this.validInteger(schema);
    if (type === 'boolean') return random.chance(name === 'is_deleted' ? 0.1 : 0.5);
    return type === 'null' ? null : this.validString(schema, name);
  }

  /** The JSON text of a valid value after one or a few faults. */
  withFaults(schema: Schema, faults: number): string {
    const { random } = this;
    const root = { ...(this.valid(schema, '') as object) } as Record<string, unknown>;
    const texts: string[] = [];
    const hostile = (): string => {
      texts.push(hostileJson(random));
      return MARK;
    };
    for (let count = 0; count < faults; count++) {
      const names = Object.keys(root);
      const known = Object.keys(this.document.resolve(schema).properties ?? {});
      random.weighted<() => void>([
        [8, () => (root[known.length > 0 ? random.pick(known) : 'x'] = hostile())],
        [2, () => names.length > 0 && Reflect.deleteProperty(root, random.pick(names))],
        [1, () => names.length > 0 && (root[otherSpelling(random.pick(names))] = hostile())],
        [2, () => (root[random.pick(['color', 'id', 'version', 'created_at', 'toString', '', 'a\u0000'])] = hostile())],
        [1, () => Object.defineProperty(root, '__proto__', { value: hostile(), enumerable: true, configurable: true })],
      ])();
    }
    let text = JSON.stringify(root);
    for (const hostileText of texts) text = text.replace(`"${MARK}"`, () => hostileText);
    if (random.chance(0.1)) text = text.replace(/^\{(".*?)([,}])/s, '{$1,$1$2');
    return random.chance(0.03) ? text.slice(0, random.whole(0, text.length)) : text;
  }

  private validObject({ properties = {}, required = [] }: Schema): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    for (const [name, schema] of Object.entries(properties)) {
      if (required.includes(name) || this.random.chance(0.5)) value[name] = this.valid(schema, name);
    }
    return value;
  }

  private validInteger({ minimum = 0, maximum = 1000, example }: Schema): unknown {
    const { random } = this;
    return random.weighted<unknown>([
      [1, minimum],
      [1, maximum],
      [3, example ?? minimum],
      [3, random.whole(minimum, Math.min(maximum, minimum + 20))],
    ]);
  }

  private validString(schema: Schema, name: string): unknown {
    const { random } = this;
    if (schema.format === 'uuid') return this.id(name);
    if (schema.format === 'date' || MOMENT.test(name)) return this.day(name);
    if (schema.pattern?.startsWith('^\\d{1,12}')) {
      return random.weighted([
        [6, `${random.whole(1, 999)}.${random.whole(0, 99).toString().padStart(2, '0')}`],
        [1, '0.00'],
        [1, '999999999999.99'],
        [1, '1'],
      ]);
    }
    if (name === 'currency') return random.pick(['RUB', 'RUB', 'RUB', 'RUB', 'USD', 'EUR', 'JPY', 'KWD', 'XXX']);
    if (name === 'insurance_company') return random.pick(['Ингосстрах', 'Согласие']);
    if (name === 'policy_number') return random.uuid();
    if (name === 'email') return `${random.whole(0, 1e9)}@example.com`;
    if (name === 'phone') return `+7912${random.whole(1_000_000, 9_999_999)}`;
    if (name === 'from') return random.pick(['0', '1', '2026-01-01T00:00:00Z']);
    if (schema.example !== undefined && (schema.pattern || random.chance(0.5))) return schema.example;
    if (schema.pattern) return '1';
    const { minLength = 0, maxLength = 100 } = schema;
    const length = random.weighted([
      [1, minLength],
      [1, Math.min(maxLength, 6000)],
      [8, random.whole(Math.max(1, minLength), Math.min(maxLength, 30))],
    ]);
    return random.word(length);
  }

  private id(name: string): string {
    const { random, book, deal } = this;
    if (random.chance(0.05)) return random.uuid();
    if (name === 'client_id' || name === 'into_id') return random.pick([deal, random.pick(book.deals)]).client_id;
    if (name === 'deal_id' || name === 'document_id') return deal.id;
    if (name === 'policy_id') return deal.policy_id;
    if (name === 'executor_id') return book.executorId;
    return random.pick([book.sellerId, book.executorId]);
  }

  private day(name: string): string {
    const { random } = this;
    if (random.chance(0.05)) return random.pick(['0001-01-01', '1900-02-28', '2024-02-29', '9999-12-31']);
    const days = FIRST_DAY.test(name)
      ? random.whole(-400, -200)
      : LAST_DAY.test(name)
        ? random.whole(30, 400)
        : random.whole(-100, -1);
    return new Date(Date.UTC(2026, 10, 1) + days * DAY_MS).toISOString().slice(0, 10);
  }
}

/** The name in camelCase, which the service takes for the same field. */
function otherSpelling(name: string): string {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
