import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { DomainError } from '#platform/kernel';
import { charsetsOf } from '../server/media-types.js';

/** `application/json`, and every type with the structured suffix `+json`. */
const JSON_TYPES = /^application\/(?:[\w.-]+\+)?json(?:$|;)/;
/** JSON is UTF-8 (RFC 8259); US-ASCII is a subset. */
const CHARSETS = new Set(['utf-8', 'utf8', 'us-ascii']);
const MAX_DEPTH = 32;
/** Far above any request of the API: its longest lists have 100 items. */
const MAX_ITEMS = 10_000;
/** Names that change the prototype of a copied object. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Makes JSON the only content type of bodies; file uploads add their own types.
 * @param limitBytes a larger body is answered 413.
 */
export function installJsonBody(fastify: FastifyInstance, limitBytes: number): void {
  fastify.removeAllContentTypeParsers();
  fastify.addHook('preParsing', ({ headers }, _reply, _payload, done) => {
    const type = headers['content-type'];
    if (type !== undefined && JSON_TYPES.test(type.toLowerCase()) && !charsetsOf(type).every(isJsonCharset)) {
      return done(new DomainError('unsupported_media', 'unsupported_media_type', 'Send JSON as UTF-8.'));
    }
    done();
  });
  fastify.addContentTypeParser(JSON_TYPES, { parseAs: 'buffer', bodyLimit: limitBytes }, (_request, bytes, done) => {
    try {
      done(null, readJson(bytes as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
}

/**
 * Parses JSON; an empty text is `undefined`, because clients send the content type with a DELETE without a body.
 * @throws DomainError 400 `malformed_json`, `forbidden_key`, `nesting_too_deep`, `too_many_items`.
 */
export function readJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  // Decoding replaces invalid bytes silently, and the stored text would differ from the sent one.
  if (!isUtf8(bytes)) throw new DomainError('invalid', 'malformed_json', 'The body is not UTF-8 text.');
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new DomainError('invalid', 'malformed_json', 'The body is not valid JSON.');
  }
  refuseHostileShape(value, 1, { items: 0 });
  return value;
}

function isJsonCharset(charset: string): boolean {
  return CHARSETS.has(charset);
}

/**
 * Bounds the work of validation, which visits every item of a list before it refuses an unknown field.
 * @param seen counts the items of all lists of the body.
 */
function refuseHostileShape(value: unknown, depth: number, seen: { items: number }): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH) {
    throw new DomainError('invalid', 'nesting_too_deep', `The body is nested deeper than ${MAX_DEPTH} levels.`);
  }
  if (Array.isArray(value)) {
    seen.items += value.length;
    if (seen.items > MAX_ITEMS) {
      throw new DomainError('invalid', 'too_many_items', `The lists of the body have more than ${MAX_ITEMS} items.`);
    }
    for (const item of value) refuseHostileShape(item, depth + 1, seen);
    return;
  }
  for (const key of Object.keys(value)) {
    if (FORBIDDEN_KEYS.has(key)) {
      throw new DomainError('invalid', 'forbidden_key', `The body has a member named ${key}, which is not taken.`);
    }
    refuseHostileShape((value as Record<string, unknown>)[key], depth + 1, seen);
  }
}
