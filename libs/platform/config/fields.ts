import { isIP } from 'node:net';
import { type CountryCode, isSupportedCountry } from 'libphonenumber-js';

/** How one environment variable is read: its name, what it means, and the check that turns text into a value. */
export interface Field<T> {
  readonly name: string;
  /** One sentence for `.env.example` and the README. */
  readonly doc: string;
  /** Text as it would stand in `.env`; undefined when there is no default. */
  readonly fallback: string | undefined;
  /** True when the service can't run in production without it. */
  readonly requiredInProduction: boolean;
  /** True when no mode runs without it. */
  readonly required: boolean;
  /** Another variable that takes its place in production. */
  readonly alternative: string | undefined;
  /** @throws Error whose message says what the text should be. */
  readonly parse: (text: string) => T;
}

interface Options {
  readonly doc: string;
  readonly fallback?: string;
  readonly requiredInProduction?: boolean;
  readonly required?: boolean;
  readonly alternative?: string;
}

function field<T>(name: string, options: Options, parse: (text: string) => T): Field<T> {
  return {
    name,
    doc: options.doc,
    fallback: options.fallback,
    requiredInProduction: options.requiredInProduction ?? false,
    required: options.required ?? false,
    alternative: options.alternative,
    parse,
  };
}

export function text(name: string, options: Options): Field<string> {
  return field(name, options, (value) => value);
}

/** Text that may stay unset. */
export function optionalText(name: string, options: Options): Field<string | undefined> {
  return field(name, options, (value) => value);
}

/** A key or password of at least `minLength` characters. */
export function secret(name: string, minLength: number, options: Options): Field<string | undefined> {
  return field(name, options, (value) => {
    if (value.length < minLength) throw new Error(`must be at least ${minLength} characters long`);
    return value;
  });
}

export function integer(
  name: string,
  min: number,
  max: number,
  options: Options & { fallback: string },
): Field<number> {
  return field(name, options, (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < min || number > max) {
      throw new Error(`must be a whole number from ${min} to ${max}`);
    }
    return number;
  });
}

export function flag(name: string, options: Options & { fallback: 'true' | 'false' }): Field<boolean> {
  return field(name, options, (value) => {
    if (value !== 'true' && value !== 'false') throw new Error('must be true or false');
    return value === 'true';
  });
}

export function oneOf<const T extends string>(
  name: string,
  values: readonly T[],
  options: Options & { fallback: T },
): Field<T> {
  return field(name, options, (value) => {
    if (!(values as readonly string[]).includes(value)) throw new Error(`must be one of ${values.join(', ')}`);
    return value as T;
  });
}

/** A URL of one of the given protocols (with the colon: `amqp:`). */
export function url(name: string, protocols: readonly string[], options: Options): Field<string | undefined> {
  return field(name, options, (value) => {
    checkUrl(value, protocols);
    return value;
  });
}

/** One or more URLs of the nodes of a cluster, with commas between; the value is the whole text. */
export function nodeUrls(name: string, protocols: readonly string[], options: Options): Field<string | undefined> {
  return field(name, options, (value) => {
    for (const node of splitUrls(value)) checkUrl(node, protocols);
    return value;
  });
}

/** The URLs of a text of {@link nodeUrls}. A comma within a password does not separate. */
export function splitUrls(text: string): readonly string[] {
  return text.split(/,\s*(?=[a-z]+:\/\/)/);
}

function checkUrl(value: string, protocols: readonly string[]): void {
  if (!URL.canParse(value)) throw new Error('must be a URL');
  if (!protocols.includes(new URL(value).protocol)) throw new Error(`must start with ${protocols.join(' or ')}//`);
}

/** Values with commas between, each checked by `parse`; none by default. */
function list<T>(name: string, options: Options, parse: (text: string) => T): Field<readonly T[] | undefined> {
  return field(name, options, (value) =>
    value
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map(parse),
  );
}

/** Origins of web pages, such as `https://crm.example`, with commas between. */
export function origins(name: string, options: Options): Field<readonly string[] | undefined> {
  return list(name, options, (value) => {
    if (!URL.canParse(value) || new URL(value).origin !== value) {
      throw new Error('must be origins such as https://crm.example, with commas between');
    }
    return value;
  });
}

/** IP addresses and networks, such as `10.0.0.0/8`, with commas between. */
export function networks(name: string, options: Options): Field<readonly string[] | undefined> {
  return list(name, options, (value) => {
    const [address = '', prefix = '0', ...rest] = value.split('/');
    const family = isIP(address);
    if (family === 0 || rest.length > 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > (family === 4 ? 32 : 128)) {
      throw new Error('must be IP addresses or networks such as 10.0.0.0/8, with commas between');
    }
    return value;
  });
}

/** Addresses such as `10.0.0.1:26379`, with commas between. */
export function addresses(
  name: string,
  options: Options,
): Field<readonly { readonly host: string; readonly port: number }[] | undefined> {
  const refuse = (): never => {
    throw new Error('must be addresses such as 10.0.0.1:26379, with commas between');
  };
  const addressList = list(name, options, (value) => {
    const [, host, digits] = /^(.+):(\d{1,5})$/.exec(value) ?? [];
    const port = Number(digits);
    return host && port >= 1 && port <= 65_535 ? { host: host.replace(/^\[|\]$/g, ''), port } : refuse();
  });
  const parse: (typeof addressList)['parse'] = (text) => {
    const parsed = addressList.parse(text);
    return parsed?.length ? parsed : refuse();
  };
  return { ...addressList, parse };
}

/** An IANA time zone that this Node knows. */
export function timeZone(name: string, options: Options & { fallback: string }): Field<string> {
  return field(name, options, (value) => {
    try {
      new Intl.DateTimeFormat('en', { timeZone: value });
    } catch {
      throw new Error('must be an IANA time zone such as Europe/Moscow');
    }
    return value;
  });
}

/** An ISO 3166-1 code of a country with a known telephone numbering plan. */
export function phoneRegion(name: string, options: Options & { fallback: CountryCode }): Field<CountryCode> {
  return field(name, options, (value) => {
    if (!isSupportedCountry(value)) throw new Error('must be a country code such as RU');
    return value;
  });
}
