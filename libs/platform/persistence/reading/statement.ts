import { createHash } from 'node:crypto';

/** SQL under a name, so that each connection parses and plans it once; without one it is planned for each execution. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
}

const statements = new Map<string, Statement>();

/**
 * Names `text` by its content. Text is made of fixed parts only, never of values, so there is a small number of them
 * and each is named once.
 */
export function statement(text: string): Statement {
  let known = statements.get(text);
  if (!known) {
    known = { name: `crm_${createHash('sha1').update(text).digest('hex').slice(0, 20)}`, text };
    statements.set(text, known);
  }
  return known;
}

/**
 * For conditions whose good plan depends on the values themselves, e.g. a list of owners who have few rows or many: the
 * generic plan reads a table along its order. Planning costs about a millisecond.
 */
export function plannedEachTime(text: string): Statement {
  return { text };
}

/**
 * The first parameter of a statement, an array of any length. Without the sub-select PostgreSQL would find a plan for
 * these elements cheaper than the generic one, and plan each execution again, which costs several times what few rows do.
 */
export function arrayOfAnyLength(type: string): string {
  return `((SELECT $1::${type}[])::${type}[])`;
}
