import { type Statement, statement } from '../reading/statement.js';
import type { BatchOperation, RunStatement } from './transaction.js';

/**
 * The FROM item of the inputs of a batch: JSON objects in the first parameter, and `input_number`, from 1.
 * @param members of an object, each `name type`.
 */
export function inputSql(members: readonly string[]): string {
  const names = members.map((member) => member.split(' ')[0]);
  return `ROWS FROM (jsonb_to_recordset($1::jsonb) AS (${members.join(', ')})) WITH ORDINALITY
    AS i (${names.join(', ')}, input_number)`;
}

/** Selects, and locks if the SQL says so, one row for each input. */
export class BatchSelect<I extends object, R extends object> implements BatchOperation<I, R | undefined> {
  private readonly statement: Statement;

  /**
   * @param members of an input, each `name type`.
   * @param columns of the row.
   * @param rest of the statement behind `FROM <inputs> AS i`.
   */
  constructor(members: readonly string[], columns: string, rest: string) {
    this.statement = statement(`
      WITH input AS MATERIALIZED (SELECT * FROM ${inputSql(members)})
      SELECT i.input_number::int - 1 AS input_index, ${columns} FROM input AS i ${rest}`);
  }

  async run(inputs: readonly I[], runStatement: RunStatement): Promise<readonly (R | undefined)[]> {
    const found: (R | undefined)[] = Array.from({ length: inputs.length });
    const rows = await runStatement<R & { input_index: number }>(this.statement, [JSON.stringify(inputs)]);
    for (const row of rows) found[row.input_index] = row;
    return found;
  }
}
