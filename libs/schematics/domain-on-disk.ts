import { SchematicsException, type Tree } from '@angular-devkit/schematics';
import { CodeFile } from './code-file.js';
import { domainNames, type DomainNames, type Spellings, spellings } from './names.js';

/** Where the domains are. */
export const DOMAINS = 'libs/crm';
const ENTITY = '.entity.ts';
/** How a generated verb knows that it was done. */
const DONE = /this\.(\w+)At !== null\) throw/;

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
  const names = domainNames(kebab, singular);
  if (tree.exists(filesOf(names).access)) return names;
  throw new SchematicsException(
    `The domain ${kebab} was written by hand, not by these generators: add to it by hand, as its neighbours show.`,
  );
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
    scenario: `test/support/${many.kebab}.ts`,
    access: `test/integration/access/access-of-${many.kebab}.ts`,
  } as const;
}

/**
 * The act of a domain that something is to happen by, and what a row is once it is done.
 * @param option that names it, for the refusal.
 * @throws SchematicsException naming the acts that there are.
 */
export function actOf(
  tree: Tree,
  names: DomainNames,
  verb: string,
  option: string,
): { act: Spellings; done: Spellings } {
  const act = spellings(verb, 'An act');
  const { folder, entity: path } = filesOf(names);
  const entity = new CodeFile(tree, path);
  const ending = `-${names.one.kebab}.command.ts`;
  const acts = (tree.getDir(`${folder}/commands`).subfiles as readonly string[])
    .filter((file) => file.endsWith(ending))
    .flatMap((file) => {
      const verb = file.slice(0, -ending.length);
      const done = DONE.exec(entity.textOf(names.one.pascal, joined(verb)))?.[1];
      return done === undefined ? [] : [{ verb, done: dashed(done) }];
    });
  const found = acts.find((known) => known.verb === act.kebab);
  if (found) return { act, done: spellings(found.done, 'What it is then') };
  const list = acts.length > 0 ? `one of ${acts.map((known) => known.verb).join(', ')}` : 'and there is none yet';
  throw new SchematicsException(
    `${option} names an act of ${names.many.words}, ${list}. Begin one with: npm run generate -- command ${names.many.kebab} ${act.kebab}`,
  );
}

function dashed(camel: string): string {
  return camel.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function joined(kebab: string): string {
  return kebab.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
