import type { FastifyInstance } from 'fastify';
import { ListAnswer } from './list-query.js';

/** Of items that nothing can change any more, for as long as somebody keeps them. */
const texts = new WeakMap<object, string>();

/** Writes lists item by item, those that were shown before without writing them again; everything else as JSON does. */
export function installListJson(fastify: FastifyInstance): void {
  fastify.setReplySerializer((answer) => (answer instanceof ListAnswer ? listJson(answer) : JSON.stringify(answer)));
}

function listJson({ items, next_cursor, total }: ListAnswer<unknown>): string {
  const rest = JSON.stringify({ next_cursor, total });
  return `{"items":[${items.map(itemJson).join(',')}],${rest.slice(1)}`;
}

function itemJson(item: unknown): string {
  // What isn't frozen may be another thing the next time.
  if (typeof item !== 'object' || item === null || !Object.isFrozen(item)) return JSON.stringify(item);
  let text = texts.get(item);
  if (text === undefined) {
    text = JSON.stringify(item);
    texts.set(item, text);
  }
  return text;
}
