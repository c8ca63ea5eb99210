import type { JsonSchema } from '#platform/http';

/** Words that say how much may come: the greatest, and the least. */
const AT_MOST = ['maximum', 'maxLength', 'maxItems'];
const AT_LEAST = ['minimum', 'minLength', 'minItems'];
/** Words that a subscriber may have built on as they are. */
const AS_IT_WAS = ['const', 'format', 'pattern'];

/**
 * What would break a subscriber that was written for the old schema: whatever may come now and could not come before,
 * and what came before and may be missing now. A subscriber ignores members that it doesn't know, so members may be
 * added; what comes may become narrower.
 * @param path JSON pointer of what is compared.
 */
export function breaksBetween(old: JsonSchema, now: JsonSchema, path = ''): string[] {
  const here = path || '/';
  const types = typesOf(old);
  const added = typesOf(now).filter(
    (type) => !types.includes(type) && !(type === 'integer' && types.includes('number')),
  );
  return [
    ...added.map((type) => `${here} may be of type ${type} now`),
    ...valuesBetween(old, now).map((change) => `${here} ${change}`),
    ...(old.additionalProperties === false && now.additionalProperties !== false
      ? [`${here} takes any member now`]
      : []),
    ...membersBetween(old, now, path),
    ...(old.items && now.items ? breaksBetween(old.items, now.items, `${path}/*`) : []),
  ];
}

function typesOf({ type }: JsonSchema): readonly string[] {
  return typeof type === 'string' ? [type] : (type ?? ['any']);
}

function valuesBetween(old: JsonSchema, now: JsonSchema): string[] {
  const more = old.enum ? (now.enum?.filter((value) => !old.enum!.includes(value)) ?? ['any']) : [];
  const exceeds = (word: string, isWider: (before: number, after: number) => boolean) =>
    old[word] !== undefined && (now[word] === undefined || isWider(old[word] as number, now[word] as number));
  const changed = [
    ...AS_IT_WAS.filter((word) => old[word] !== undefined && old[word] !== now[word]),
    ...AT_MOST.filter((word) => exceeds(word, (before, after) => after > before)),
    ...AT_LEAST.filter((word) => exceeds(word, (before, after) => after < before)),
  ];
  return [
    ...more.map((value) => `may be ${String(value)} now`),
    ...changed.map((word) => `had ${word} ${String(old[word])}, has ${String(now[word])} now`),
  ];
}

function membersBetween(old: JsonSchema, now: JsonSchema, path: string): string[] {
  return Object.entries(old.properties ?? {}).flatMap(([name, before]) => {
    const member = `${path}/${name}`;
    const after = now.properties?.[name];
    if (!after) return [`${member} is gone`];
    const isMissing = old.required?.includes(name) && !now.required?.includes(name);
    return [...(isMissing ? [`${member} may be absent now`] : []), ...breaksBetween(before, after, member)];
  });
}
