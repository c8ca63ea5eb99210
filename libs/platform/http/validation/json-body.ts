import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { DomainError } from '#platform/kernel';
import { charsetsOf } from '../server/media-types.js';

/** `application/json`, and every type with the structured suffix `+json`. */
const JSON_TYPES = /^application\/(?:[\w.-]+\+)?json(?:$|;)/;
/** JSON is UTF-8 (RFC 8259), of which US-ASCII is a part. */
const CHARSETS = new Set(['utf-8', 'utf8', 'us-ascii']);
const DEEPEST = 32;
/** Names through which a copied object would change its prototype. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Makes JSON the only kind of body that is taken; parts that take files add their own type beside it.
 * @param limitBytes more is answered 413.
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
 * Reads a JSON text; an empty one is `undefined`, since clients send the content type with a bodiless DELETE.
 * @throws DomainError 400 `malformed_json`, `forbidden_key`, `nesting_too_deep`.
 */
export function readJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  // Decoding replaces wrong bytes silently; the caller would get back another text than was sent.
  if (!isUtf8(bytes)) throw new DomainError('invalid', 'malformed_json', 'The body is not UTF-8 text.');
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new DomainError('invalid', 'malformed_json', 'The body is not valid JSON.');
  }
  refuseHostileShape(value, 1);
  return value;
}

function isJsonCharset(charset: string): boolean {
  return CHARSETS.has(charset);
}

function refuseHostileShape(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > DEEPEST) {
    throw new DomainError('invalid', 'nesting_too_deep', `The body is nested deeper than ${DEEPEST} levels.`);
  }
  if (Array.isArray(value)) {
    for (const item of value) refuseHostileShape(item, depth + 1);
    return;
  }
  for (const [key, member] of Object.entries(value)) {
    if (FORBIDDEN_KEYS.has(key)) {
      throw new DomainError('invalid', 'forbidden_key', `The body has a member named ${key}, which is not taken.`);
    }
    refuseHostileShape(member, depth + 1);
  }
}
