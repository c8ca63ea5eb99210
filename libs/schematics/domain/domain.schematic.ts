import { type Rule, SchematicsException, type Tree } from '@angular-devkit/schematics';
import { CodeFile } from '../code-file.js';
import { filesOf } from '../domain-on-disk.js';
import { migrationNames, registerMigration } from '../migration.js';
import { domainNames, type DomainNames } from '../names.js';
import { generate, type Writing } from '../writing.js';

export interface DomainOptions extends Writing {
  readonly domain: string;
  readonly singular?: string;
}

const RIGHTS = `{
  read: { seller: 'own', executor: 'assigned', finance: 'all', lead: 'all', admin: 'all' },
  create: { seller: 'own', executor: 'assigned', lead: 'all', admin: 'all' },
  edit: { seller: 'own', executor: 'assigned', lead: 'all', admin: 'all' },
  delete: { seller: 'own', lead: 'all', admin: 'all' },
}`;

/** A domain whose rows belong to a deal: routes, journal, events, rights, migration and tests. */
export function domain(options: DomainOptions): Rule {
  return (tree) => {
    const names = domainNames(options.domain, options.singular);
    requireFree(tree, names);
    const migration = migrationNames(tree, names.many);
    const values = {
      ...names,
      migration,
      sentenceOne: names.oneWithArticle.charAt(0).toUpperCase() + names.oneWithArticle.slice(1),
      oneKebab: names.one.kebab,
      manyKebab: names.many.kebab,
      migrationFile: migration.file,
    };
    return generate(values, options, (house) => {
      registerMigration(house, migration);
      register(house, names);
    });
  };
}

/** Refuses to overwrite a domain that these generators did not write. */
function requireFree(tree: Tree, names: DomainNames): void {
  const { folder, access } = filesOf(names);
  if (tree.getDir(folder).subfiles.length === 0 || tree.exists(access)) return;
  throw new SchematicsException(`There is a domain ${names.many.kebab}, written by hand: choose another name.`);
}

function register(tree: Tree, { one, many }: DomainNames): void {
  const [types, http, access] = [
    `${one.constant}_EVENT_TYPES`,
    `${many.pascal}HttpModule`,
    `ACCESS_OF_${many.constant}`,
  ];
  CodeFile.edit(tree, 'apps/api/src/api.module.ts', (api) => {
    api.import(`#crm/${many.kebab}`, http).element('imports', http, { before: 'CatalogueModule' });
  });
  CodeFile.edit(tree, 'apps/api/src/catalogue/event-types.ts', (catalogue) => {
    catalogue.import(`#crm/${many.kebab}`, types).element('EVENT_TYPES', `...${types}`);
  });
  CodeFile.edit(tree, 'libs/platform/auth/access/access.ts', (rights) => {
    rights.property('ACCESS', `${many.camel}: ${RIGHTS}`, { before: 'metrics' });
  });
  CodeFile.edit(tree, 'test/integration/access/access-table.ts', (table) => {
    table.import(`./access-of-${many.kebab}.js`, access).property('RULES', `...${access}`);
  });
  CodeFile.edit(tree, 'test/support/event-scenario.ts', (scenario) => {
    scenario.import(`./${many.kebab}.js`, `run${many.pascal}Scenario`);
    scenario.statement('runSteps', `await run${many.pascal}Scenario(seller, deal);`);
  });
}
