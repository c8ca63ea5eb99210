const CAMEL_CASE = /^[a-z][a-z0-9]*(?:[A-Z][a-z0-9]*)+$/;
const CAPITAL = /[A-Z]/g;

/** `clientId` → `client_id`; a name in another style stays as it is. */
export function snakeCase(name: string): string {
  return CAMEL_CASE.test(name) ? name.replace(CAPITAL, (letter) => `_${letter.toLowerCase()}`) : name;
}

/** A name as one step of a JSON pointer (RFC 6901). */
export function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
