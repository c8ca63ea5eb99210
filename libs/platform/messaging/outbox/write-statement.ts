import type { Aggregate, BatchOperation, RunStatement, Statement, TableMapping } from '#platform/persistence';
import { inputSql, statement } from '#platform/persistence';

/** An aggregate as one statement writes it, with the changes that it appends to journal and event log. */
export interface WriteInput<T extends Aggregate> {
  readonly aggregate: T;
  /** JSON, as `EventLog.jsonOf` gives it. */
  readonly changes: string;
  /** Values of the insert condition. */
  readonly conditionValues: readonly unknown[];
}

/** Rows that must exist for an insert to happen. */
export interface InsertCondition {
  /** Types of its parameters. */
  readonly types: readonly string[];
  /** A FROM item over the parameters, which are SQL expressions. What it locks is named by the first of them. */
  readonly source: (parameters: readonly string[]) => string;
}

/** Rows that are stored together with their aggregate. */
export interface PartMapping<T extends Aggregate> {
  readonly mapping: TableMapping<Aggregate>;
  /** Those that are new or changed. */
  readonly changed: (aggregate: T) => readonly Aggregate[];
}

/**
 * Writes any number of aggregates, the rows that belong to them, and what they append to journal and event log, in one
 * round trip. An aggregate whose guard fails (version, insert condition) is not written, and appends nothing.
 */
export class WriteStatement<T extends Aggregate> implements BatchOperation<WriteInput<T>, boolean> {
  readonly isWrite = true;
  private readonly statement: Statement;

  constructor(
    private readonly mapping: TableMapping<T>,
    kind: 'insert' | 'update',
    private readonly options: {
      readonly condition?: InsertCondition;
      readonly parts?: readonly PartMapping<T>[];
    } = {},
  ) {
    const { condition, parts = [] } = options;
    const conditions = (condition?.types ?? []).map((type, index) => `${conditionName(index)} ${type}`);
    const partMembers = parts.map((_, index) => `${partName(index)} jsonb`);
    const members = [...mapping.members, 'loaded_version int', ...conditions, ...partMembers, 'input_changes jsonb'];
    const valueOf = (name: string): string => `i.${name}`;
    const written =
      kind === 'insert'
        ? mapping.insertFromSql(sourceOf(condition), valueOf)
        : mapping.updateFromSql('input AS i', valueOf);
    this.statement = statement(`
      WITH input AS MATERIALIZED (
        SELECT * FROM ${inputSql(members)}
      ), written AS (${written})${parts.map(partSql).join('')}, appended AS MATERIALIZED (
        SELECT count(*) FROM crm.append_to_streams((
          SELECT coalesce(jsonb_agg(c ORDER BY i.input_number, n), '[]')
          FROM input i JOIN written USING (id), jsonb_array_elements(i.input_changes) WITH ORDINALITY AS t (c, n)))
      )
      SELECT id FROM written, appended`);
  }

  /** @returns for each aggregate whether it was written. */
  async run(inputs: readonly WriteInput<T>[], runStatement: RunStatement): Promise<readonly boolean[]> {
    const records = inputs.map((input) => this.recordOf(input)).join(',');
    const rows = await runStatement<{ id: string }>(this.statement, [`[${records}]`]);
    const written = new Set(rows.map(({ id }) => id));
    return inputs.map(({ aggregate }) => written.has(aggregate.id));
  }

  private recordOf({ aggregate, changes, conditionValues }: WriteInput<T>): string {
    const record = this.mapping.insertRecord(aggregate);
    record.loaded_version = aggregate.loadedVersion;
    conditionValues.forEach((value, index) => (record[conditionName(index)] = value));
    this.options.parts?.forEach(({ mapping, changed }, index) => {
      record[partName(index)] = changed(aggregate).map((part) => mapping.insertRecord(part));
    });
    return `${JSON.stringify(record).slice(0, -1)},"input_changes":${changes}}`;
  }
}

/** In one order, so that two statements cannot wait for each other. */
function sourceOf(condition: InsertCondition | undefined): string {
  if (!condition) return 'input AS i';
  const parameters = condition.types.map((_, index) => `i.${conditionName(index)}`);
  return `(SELECT * FROM input ORDER BY ${conditionName(0)}) AS i CROSS JOIN LATERAL ${condition.source(parameters)}`;
}

function partSql<T extends Aggregate>({ mapping }: PartMapping<T>, index: number): string {
  const from = `input i JOIN written USING (id)
    CROSS JOIN LATERAL jsonb_to_recordset(i.${partName(index)}) AS part (${mapping.members.join(', ')})`;
  return `, ${partName(index)}_written AS (${mapping.upsertFromSql(from, (name) => `part.${name}`)})`;
}

function conditionName(index: number): string {
  return `condition_${index + 1}`;
}

function partName(index: number): string {
  return `part_${index + 1}`;
}
