import { distance } from 'fastest-levenshtein';

/** Variables that tools of this repository read beside the settings of the service. */
const TOOLS = /^CRM_(ACCESS_TOKEN|RECORD_EVENTS|TEST_.+)$/;
/** More wrong characters than this are no typing error. */
const MAX_TYPOS = 3;

/** A variable that no setting reads. */
export interface UnknownVariable {
  readonly name: string;
  /** One sentence with the nearest known name, and without the value. */
  readonly message: string;
}

/**
 * Finds variables of `env` that start with CRM_ and that no setting reads.
 * @param known the names of all settings.
 */
export function unknownVariables(env: NodeJS.ProcessEnv, known: readonly string[]): readonly UnknownVariable[] {
  const unknown = Object.keys(env).filter((name) => /^CRM_/i.test(name) && !known.includes(name) && !TOOLS.test(name));
  return unknown.sort().map((name) => {
    const nearest = nearestOf(name, known);
    const remedy = nearest ? `: did you mean ${nearest}?` : '.';
    return { name, message: `${name} is not a setting and has no effect${remedy}` };
  });
}

function nearestOf(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, typos: distance(name.toUpperCase(), candidate) }))
    .sort((a, b) => a.typos - b.typos);
  return ranked.find(({ typos }) => typos <= MAX_TYPOS)?.candidate;
}
