import { type Rule, SchematicsException, type Tree } from '@angular-devkit/schematics';
import { domainOnDisk, filesOf } from '../domain-on-disk.js';
import { migrationNames, registerMigration } from '../migration.js';
import { type DomainNames, type Spellings, spellings } from '../names.js';
import { addToWorker } from '../worker.js';
import { generate, type Writing } from '../writing.js';

export interface ProjectionOptions extends Writing {
  readonly domain: string;
  readonly name: string;
}

/** Adds a projection of the domain's events, which counts the rows of each deal in a table of its own. */
export function projection(options: ProjectionOptions): Rule {
  return (tree) => {
    const names = domainOnDisk(tree, options.domain);
    const name = spellings(options.name, 'A projection');
    const table = spellings(`${names.many.kebab}-${name.kebab}`, 'A projection with its domain');
    const migration = migrationNames(tree, table);
    requireFree(tree, names, name, table);
    const values = {
      ...names,
      name,
      table,
      migration,
      manyKebab: names.many.kebab,
      nameKebab: name.kebab,
      migrationFile: migration.file,
    };
    return generate(values, options, (house) => {
      registerMigration(house, migration);
      addToWorker(house, names, `${name.pascal}Projection`, `./projections/${name.kebab}.projection.js`);
    });
  };
}

/** A migration of the same name belongs to something else: a field, for example. */
function requireFree(tree: Tree, names: DomainNames, name: Spellings, table: Spellings): void {
  const isThere = tree.exists(`${filesOf(names).folder}/projections/${name.kebab}.projection.ts`);
  const isTaken = tree.getDir('migrations').subfiles.some((file) => file.endsWith(`-${table.kebab}.ts`));
  if (isThere || !isTaken) return;
  throw new SchematicsException(`There is a migration ${table.kebab} already: choose another name than ${name.kebab}.`);
}
