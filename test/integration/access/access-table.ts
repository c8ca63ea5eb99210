import type { Method } from '#platform/testing';
import { ACCESS_OF_BOOK } from './access-of-book.js';
import { ACCESS_OF_EVENTS } from './access-of-events.js';
import { ACCESS_OF_FILES } from './access-of-files.js';
import { ACCESS_OF_MONEY } from './access-of-money.js';
import { ACCESS_OF_SALE } from './access-of-sale.js';
import type { AccessRules } from './access-rules.js';

/** Access rules by route; a route without a rule fails the tests. */
export const RULES: AccessRules = {
  ...ACCESS_OF_BOOK,
  ...ACCESS_OF_SALE,
  ...ACCESS_OF_MONEY,
  ...ACCESS_OF_EVENTS,
  ...ACCESS_OF_FILES,
};

/** Method and path of a use, relative to `/api/v1`. */
export function requestOf(use: string, ids: Readonly<Record<string, string>> = {}): { method: Method; path: string } {
  const [method, pattern] = use.split(' ') as [Method, string];
  const path = pattern.replace('/api/v1', '').replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name]!);
  return { method, path };
}
