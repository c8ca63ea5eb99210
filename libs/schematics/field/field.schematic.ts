import { type Rule, SchematicsException, type Tree } from '@angular-devkit/schematics';
import { CodeFile } from '../code-file.js';
import { addColumn, requireFreeMember } from '../column.js';
import { domainOnDisk, filesOf } from '../domain-on-disk.js';
import { migrationNames, registerMigration } from '../migration.js';
import { type DomainNames, type Spellings, spellings } from '../names.js';
import { generate, type Writing } from '../writing.js';
import { FIELD_TYPES, type FieldType } from './field-types.js';

export interface FieldOptions extends Writing {
  readonly domain: string;
  readonly name: string;
  readonly type: string;
}

/** A fact that may be unknown: rows are there already when it comes. */
export function field(options: FieldOptions): Rule {
  return (tree) => {
    const names = domainOnDisk(tree, options.domain);
    const name = spellings(options.name, 'A field');
    const type = FIELD_TYPES[options.type];
    if (!type) throw new SchematicsException(`A field is one of ${Object.keys(FIELD_TYPES).join(', ')}.`);
    requireFreeMember(
      tree,
      names,
      name,
      `test/integration/${names.many.kebab}/${names.one.kebab}-${name.kebab}.int-spec.ts`,
    );
    const migration = migrationNames(tree, spellings(`${names.many.kebab}-${name.kebab}`, 'A column'));
    const values = {
      ...names,
      name,
      migration,
      sql: type.sql,
      check: type.check?.(name.snake),
      examples: type.examples,
      oneKebab: names.one.kebab,
      manyKebab: names.many.kebab,
      nameKebab: name.kebab,
      migrationFile: migration.file,
    };
    return generate(values, options, (house) => {
      registerMigration(house, migration);
      addFact(house, names, name, type);
    });
  };
}

function addFact(tree: Tree, names: DomainNames, name: Spellings, type: FieldType): void {
  const { one } = names;
  const files = filesOf(names);
  const decorated = (...more: readonly string[]): string => {
    const options = [...(type.range === undefined ? [] : [type.range]), ...more].join(', ');
    return `@${type.decorator}({ ${options} })`;
  };
  addColumn(tree, names, {
    ...type,
    name,
    field: decorated('nullable: true'),
    decorator: ['#platform/http', type.decorator],
  });
  CodeFile.edit(tree, files.entity, (entity) => {
    entity.member(`${one.pascal}Facts`, name.camel, `readonly ${name.camel}?: ${type.type} | null;`);
  });
  CodeFile.edit(tree, files.dto, (dto) => {
    const member = `${decorated('optional: true', 'nullable: true')}\n${name.snake}?: ${type.type} | null;`;
    dto.member(`Add${one.pascal}Dto`, name.snake, member);
    dto.member(`Revise${one.pascal}Dto`, name.snake, member, { before: 'is_deleted' });
    dto.property(`${one.camel}Facts`, `${name.camel}: body.${name.snake}`);
  });
}
