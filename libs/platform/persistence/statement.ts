import { createHash } from 'node:crypto';

/** SQL under a name, so that each connection parses and plans it once. */
export interface Statement {
  readonly name: string;
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
