import { SchematicsException, type Tree } from '@angular-devkit/schematics';
import { CodeFile } from './code-file.js';
import { domainNames, type DomainNames, spellings } from './names.js';

/** Where the domains are. */
export const DOMAINS = 'libs/crm';
const ENTITY = '.entity.ts';

/**
 * The names of a domain that is there.
 * @throws SchematicsException naming those that are, when it isn't or has no entity.
 */
export function domainOnDisk(tree: Tree, plural: string): DomainNames {
  const { kebab } = spellings(plural, 'The name of a domain');
  const domains = tree.getDir(DOMAINS).subdirs as readonly string[];
  if (!domains.includes(kebab)) {
    const list = domains.toSorted().join(', ');
    throw new SchematicsException(
      `There is no domain ${kebab}, but ${list}. Begin it with: npm run generate -- domain ${kebab}`,
    );
  }
  const entities = (tree.getDir(`${DOMAINS}/${kebab}`).subfiles as readonly string[])
    .filter((file) => file.endsWith(ENTITY))
    .map((file) => file.slice(0, -ENTITY.length));
  const singular = entities.find((name) => name.split('-')[0]!.startsWith(kebab.slice(0, 3))) ?? entities[0];
  if (singular === undefined) throw new SchematicsException(`The domain ${kebab} has no entity to add to.`);
  return domainNames(kebab, singular);
}

/** Paths of a domain's files. */
export function filesOf({ one, many }: DomainNames) {
  const folder = `${DOMAINS}/${many.kebab}`;
  const ofOne = (role: string): string => `${folder}/${one.kebab}.${role}.ts`;
  const ofMany = (role: string): string => `${folder}/${many.kebab}.${role}.ts`;
  return {
    folder,
    entity: ofOne('entity'),
    events: ofOne('events'),
    eventTypes: ofOne('event-types'),
    errors: ofOne('errors'),
    dto: ofOne('dto'),
    row: `${folder}/queries/${one.kebab}-row.ts`,
    controller: ofMany('controller'),
    module: ofMany('module'),
    publisher: ofMany('publisher'),
    contracts: `${folder}/contracts.ts`,
    index: `${folder}/index.ts`,
    story: `test/${many.kebab}.ts`,
    access: `test/integration/access-of-${many.kebab}.ts`,
  } as const;
}

/**
 * The act of a domain that something is to happen by.
 * @throws SchematicsException naming the acts that there are.
 */
export function requireAct(tree: Tree, names: DomainNames, verb: string, option: string): void {
  const { pascal, camel } = spellings(verb, 'An act');
  const files = filesOf(names);
  const command = `${files.folder}/commands/${verb}-${names.one.kebab}.command.ts`;
  const members = new CodeFile(tree, files.entity).membersOf(names.one.pascal);
  if (tree.exists(command) && members.includes(camel)) return;
  const ending = `-${names.one.kebab}.command.ts`;
  const acts = (tree.getDir(`${files.folder}/commands`).subfiles as readonly string[])
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length));
  throw new SchematicsException(
    `${option} names an act of ${names.many.words}, one of ${acts.join(', ')}: there is no ${pascal}${names.one.pascal}Command.`,
  );
}
