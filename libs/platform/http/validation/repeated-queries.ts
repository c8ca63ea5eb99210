import type { Type } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

/** Queries that are kept for each DTO. */
const MAX_QUERIES = 100;
/** Longer queries are rarely sent twice, and would fill the memory. */
const MAX_KEY_LENGTH = 500;

/**
 * Keeps the DTOs of valid queries, since clients send the same query again and again: boards, polls, the first pages of
 * lists. To validate a query costs about a tenth of the CPU of a list (decision 36). Only for DTOs whose constraints and
 * transforms depend on the value alone. The requests share a DTO, so it is frozen.
 */
export class RepeatedQueries {
  private readonly known = new Map<Type, LRUCache<string, object>>();

  /** Returns the DTO of an equal query at once, or the promise of the one that `make` returns. Errors are not kept. */
  get(dto: Type, query: unknown, make: () => Promise<object>): object | Promise<object> {
    const key = JSON.stringify(query);
    if (key.length > MAX_KEY_LENGTH) return make();
    return this.ofType(dto).get(key) ?? this.keep(dto, key, make());
  }

  private async keep(dto: Type, key: string, making: Promise<object>): Promise<object> {
    const made = frozen(await making);
    this.ofType(dto).set(key, made);
    return made;
  }

  private ofType(dto: Type): LRUCache<string, object> {
    let ofType = this.known.get(dto);
    if (!ofType) {
      ofType = new LRUCache({ max: MAX_QUERIES });
      this.known.set(dto, ofType);
    }
    return ofType;
  }
}

/** The members of a query are texts, numbers and lists of these. */
function frozen(dto: object): object {
  for (const value of Object.values(dto)) if (typeof value === 'object' && value !== null) Object.freeze(value);
  return Object.freeze(dto);
}
