import type { FastifyInstance } from 'fastify';
import { ListAnswer } from './list-query.js';

const OPENING = Buffer.from('{"items":[');

/** Of items that nothing can change any more, each behind a comma, for as long as somebody keeps them. */
const written = new WeakMap<object, Buffer>();

/**
 * Writes lists of frozen items by copying what was written of each when it was shown before; everything else as JSON
 * does. Encoding the text of fifty deals costs as much as all else that a list asks of this process.
 */
export function installListJson(fastify: FastifyInstance): void {
  fastify.setReplySerializer((answer) =>
    answer instanceof ListAnswer && answer.items.every(isFixed)
      ? // The types know of texts only; Fastify sends bytes as they are.
        (listJson(answer as ListAnswer<object>) as unknown as string)
      : JSON.stringify(answer),
  );
}

function isFixed(item: unknown): boolean {
  return typeof item === 'object' && item !== null && Object.isFrozen(item);
}

function listJson({ items, next_cursor, total }: ListAnswer<object>): Buffer {
  const parts = [OPENING, ...items.map(jsonOf), Buffer.from(`],${JSON.stringify({ next_cursor, total }).slice(1)}`)];
  if (items.length > 0) parts[1] = parts[1]!.subarray(1);
  return Buffer.concat(parts);
}

function jsonOf(item: object): Buffer {
  let json = written.get(item);
  if (!json) {
    json = Buffer.from(`,${JSON.stringify(item)}`);
    written.set(item, json);
  }
  return json;
}
