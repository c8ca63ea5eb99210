import { DomainError, type FieldFault } from '#platform/kernel';
import { escapePointer, snakeCase } from './member-names.js';

/** Limits the work for one object; no request of this API has as many members. */
const MAX_MEMBERS = 200;
const MAX_FAULTS = 100;
/**
 * NUL, which PostgreSQL does not store; halves of surrogate pairs, which UTF-8 does not encode; and the other control
 * characters except tab and line breaks, which have no meaning in text and take six bytes each in JSON.
 */
const UNSTORABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\p{Cs}]/u;
/** As in the Stream-Safe Text Format of UAX 15. The time of normalisation grows with the square of the run. */
const MAX_MARKS = 30;
const TOO_MANY_MARKS = new RegExp(`(?<!\\p{M})\\p{M}{${MAX_MARKS + 1}}`, 'u');
/** Any character but printable ASCII, tab and line breaks. A text without one is storable and composed as it is. */
const NOT_PLAIN = /[^\t\n\r\x20-\x7e]/;

type Members = Record<string, unknown>;

/** True when `text` can be stored and sent back unchanged. */
export function isStorable(text: string): boolean {
  return !NOT_PLAIN.test(text) || !UNSTORABLE.test(text);
}

/**
 * The body with its names in snake_case at every level and its texts in Unicode's normalisation form C.
 * @throws DomainError 422 `invalid_characters`, `not_finite`, `duplicate_field`, `too_many_fields`, with every pointer.
 */
export function normaliseBody(body: unknown): unknown {
  const walk = new BodyWalk();
  const normalised = walk.value(body);
  refuse(walk.faults);
  return normalised;
}

/**
 * The query with names in snake_case and values in normalisation form C; `x[]=a` and a repeated `x` are lists.
 * @throws DomainError 422 `invalid_characters`, `duplicate_field`, `too_many_fields`.
 */
export function normaliseQuery(query: Readonly<Record<string, string | string[]>>): Members {
  const faults: FieldFault[] = [];
  const normalised: Members = {};
  const spelling = new Map<string, string>();
  const keys = Object.keys(query);
  if (keys.length > MAX_MEMBERS) refuse([tooManyFields('?')]);
  for (const key of keys) {
    const isList = key.endsWith('[]');
    const given = isList ? key.slice(0, -2) : key;
    const name = snakeCase(given);
    const values = listOf(query[key]!).map(normalisedText);
    if (!isStorable(name) || values.includes(undefined)) faults.push(invalidCharacters(`?${name}`));
    if (spelling.has(name) && spelling.get(name) !== given) faults.push(duplicateField(`?${name}`, name));
    spelling.set(name, given);
    const before = Object.hasOwn(normalised, name) ? listOf(normalised[name]) : [];
    const all = [...before, ...values];
    define(normalised, name, isList || all.length > 1 ? all : all[0]);
  }
  refuse(faults);
  return normalised;
}

class BodyWalk {
  readonly faults: FieldFault[] = [];
  private readonly path: string[] = [];

  value(value: unknown): unknown {
    if (typeof value === 'string') {
      const text = normalisedText(value);
      if (text !== undefined) return text;
      this.faults.push(invalidCharacters(this.pointer));
    } else if (typeof value === 'number') {
      if (!Number.isFinite(value)) {
        this.faults.push({ pointer: this.pointer, code: 'not_finite', detail: 'is too large a number' });
      }
    } else if (Array.isArray(value)) {
      return value.map((item, index) => this.at(String(index), item));
    } else if (value !== null && typeof value === 'object') {
      return this.members(value as Members);
    }
    return value;
  }

  private members(members: Members): unknown {
    const keys = Object.keys(members);
    if (keys.length > MAX_MEMBERS) {
      this.faults.push(tooManyFields(this.pointer));
      return members;
    }
    const normalised: Members = {};
    for (const key of keys) {
      const name = snakeCase(key);
      const value = this.at(name, members[key]);
      if (!isStorable(name)) this.faults.push(invalidCharacters(`${this.pointer}/${escapePointer(name)}`));
      if (Object.hasOwn(normalised, name)) {
        this.faults.push(duplicateField(`${this.pointer}/${escapePointer(name)}`, name));
      }
      define(normalised, name, value);
    }
    return normalised;
  }

  private at(name: string, value: unknown): unknown {
    this.path.push(name);
    const normalised = this.value(value);
    this.path.pop();
    return normalised;
  }

  private get pointer(): string {
    return this.path.map((name) => `/${escapePointer(name)}`).join('');
  }
}

/** The text in normalisation form C, which composes a letter and its mark; undefined if the text is refused. */
function normalisedText(text: string): string | undefined {
  if (!NOT_PLAIN.test(text)) return text;
  if (!isStorable(text) || (text.length > MAX_MARKS && TOO_MANY_MARKS.test(text))) return undefined;
  return text.normalize('NFC');
}

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

function define(members: Members, name: string, value: unknown): void {
  if (name === '__proto__') {
    // An assignment sets the prototype.
    Object.defineProperty(members, name, { value, enumerable: true, configurable: true, writable: true });
  } else members[name] = value;
}

function refuse(faults: readonly FieldFault[]): void {
  const [first] = faults;
  if (!first) return;
  throw new DomainError('unprocessable', first.code, `The request can't be read as it stands: see errors.`, {
    errors: faults.slice(0, MAX_FAULTS),
  });
}

function invalidCharacters(pointer: string): FieldFault {
  const detail = `holds a control character, half a surrogate pair or more than ${MAX_MARKS} combining marks in a row`;
  return { pointer, code: 'invalid_characters', detail };
}

function duplicateField(pointer: string, name: string): FieldFault {
  return { pointer, code: 'duplicate_field', detail: `is given twice, in two spellings of ${name}` };
}

function tooManyFields(pointer: string): FieldFault {
  return { pointer, code: 'too_many_fields', detail: `has more than ${MAX_MEMBERS} members` };
}
