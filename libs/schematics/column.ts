import { SchematicsException, type Tree } from '@angular-devkit/schematics';
import { CodeFile } from './code-file.js';
import { filesOf } from './domain-on-disk.js';
import type { DomainNames, Spellings } from './names.js';

/** A column that may be empty: rows are there already when it comes. */
export interface Column {
  readonly name: Spellings;
  /** PostgreSQL's type. */
  readonly sql: string;
  /** Options of `@Column` beside the name. */
  readonly mapping: string;
  /** Without `null`. */
  readonly type: string;
  /** The decorator of the resource's field. */
  readonly field: string;
  /** What the decorator is imported from, and under which name. */
  readonly decorator: readonly [from: string, name: string];
  /** A sentence for readers of the code, where the name doesn't say it all. */
  readonly doc?: string;
}

/** Types of columns that the kernel names. */
const KERNEL_TYPES = ['CalendarDate', 'Instant'];

/** Adds a column to entity, view, resource, and the list of columns that queries read. */
export function addColumn(tree: Tree, names: DomainNames, column: Column): void {
  const { one } = names;
  const files = filesOf(names);
  const { snake, camel } = column.name;
  const doc = column.doc === undefined ? '' : `/** ${column.doc} */\n`;
  const place = { before: 'version' };
  CodeFile.edit(tree, files.contracts, (contracts) => {
    importType(contracts, column.type);
    contracts.member(`${one.pascal}View`, snake, `${doc}readonly ${snake}: ${column.type} | null;`, place);
  });
  CodeFile.edit(tree, files.entity, (entity) => {
    importType(entity, column.type);
    const own = snake === camel ? '' : `name: '${snake}', `;
    const mapped = `@Column(${column.mapping.replace('{', `{ ${own}nullable: true,`)})`;
    const property = `${doc}${mapped}\nprivate ${camel}: ${column.type} | null = null;`;
    entity.member(one.pascal, camel, property, { before: 'add' });
    entity.property(`${one.pascal}.view`, `${snake}: this.${camel}`, place);
  });
  CodeFile.edit(tree, files.row, (row) => {
    row.element(`${one.constant}_COLUMNS`, `'${snake}'`, { before: "'version'" });
  });
  CodeFile.edit(tree, files.dto, (dto) => {
    importType(dto, column.type);
    dto.import(...column.decorator);
    dto.member(`${one.pascal}Resource`, snake, `${column.field}\nreadonly ${snake}!: ${column.type} | null;`, place);
  });
}

/**
 * Refuses a name that the entity has for something else.
 * @param file of the generator, there when the name is its own.
 * @throws SchematicsException
 */
export function requireFreeMember(tree: Tree, names: DomainNames, member: Spellings, file: string): void {
  const { entity } = filesOf(names);
  const isTaken = new CodeFile(tree, entity).membersOf(names.one.pascal).includes(member.camel);
  if ((!isTaken || tree.exists(file)) && !OF_AGGREGATES.has(member.camel)) return;
  throw new SchematicsException(`${names.one.pascal} has a ${member.camel} of its own: choose another name.`);
}

/** What the base classes of entities call their members. */
const OF_AGGREGATES = new Set(
  (
    'id version createdAt updatedAt isDeleted deletedAt deletedById loadedVersion isVersionExpected expectVersion ' +
    'currentVersion begin touch differing markDeleted autoCommit publish publishAll commit uncommit getUncommittedEvents ' +
    'loadFromHistory apply'
  ).split(' '),
);

function importType(file: CodeFile, type: string): void {
  if (KERNEL_TYPES.includes(type)) file.import('#platform/kernel', `type ${type}`);
}
