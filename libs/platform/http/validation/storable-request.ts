import type { FastifyRequest } from 'fastify';
import { DomainError } from '#platform/kernel';
import { isStorable, normaliseBody, normaliseQuery } from './request-members.js';

type Texts = Readonly<Record<string, string>>;

/**
 * Checks the path, query and body of a request that has no DTO: PostgreSQL must be able to store their text.
 * @throws DomainError 422 `invalid_characters`.
 */
export function requireStorable({ params, query, body }: FastifyRequest): void {
  for (const value of Object.values(params as Texts)) requireStorableParameter(value);
  normaliseQuery(query as Texts);
  normaliseBody(body);
}

/** @throws DomainError 422 `invalid_characters`. */
export function requireStorableParameter(value: unknown): void {
  if (typeof value !== 'string' || isStorable(value)) return;
  throw new DomainError('unprocessable', 'invalid_characters', 'The path holds a character that is not taken.');
}
