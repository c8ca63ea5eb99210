import { type Rule, SchematicsException, type Tree } from '@angular-devkit/schematics';
import { CodeFile } from '../code-file.js';
import { actOf, domainOnDisk, filesOf } from '../domain-on-disk.js';
import { type DomainNames, type Spellings, spellings } from '../names.js';
import { generate, type Writing } from '../writing.js';

export interface EventOptions extends Writing {
  readonly domain: string;
  /** In the past tense. */
  readonly name: string;
  /** The act that publishes it. */
  readonly by: string;
}

/** Event verbs of every domain. */
const TAKEN = ['created', 'updated', 'deleted', 'added', 'revised', 'event'];

/** Adds an event type for an act, which is otherwise published as a change only. */
export function event(options: EventOptions): Rule {
  return (tree) => {
    const names = domainOnDisk(tree, options.domain);
    const name = spellings(options.name, 'An event');
    if (TAKEN.includes(name.kebab)) {
      throw new SchematicsException(`${names.many.title} have an event ${name.kebab} already: choose another name.`);
    }
    const { act: by } = actOf(tree, names, options.by, '--by');

    const values = {
      ...names,
      name,
      by,
      oneKebab: names.one.kebab,
      manyKebab: names.many.kebab,
      nameKebab: name.kebab,
    };
    return generate(values, options, (house) => {
      declare(house, names, name);
      publish(house, names, name, by);
    });
  };
}

function declare(tree: Tree, names: DomainNames, name: Spellings): void {
  const { one, oneWithArticle } = names;
  const files = filesOf(names);
  const happening = one.pascal + name.pascal;
  const type = `${one.constant}_${name.constant}`;
  const all = `${one.constant}_EVENT_TYPES`;
  CodeFile.edit(tree, files.events, (events) => {
    events.declaration(happening, `export class ${happening} extends ${one.pascal}Event {}`);
  });
  CodeFile.edit(tree, files.eventTypes, (types) => {
    const sentence = `${oneWithArticle.charAt(0).toUpperCase()}${oneWithArticle.slice(1)} was ${name.words}.`;
    types.declaration(
      type,
      `export const ${type} = new EventType({
        ...OF_DEAL,
        key: 'deal.${one.snake}.${name.snake}',
        meaning: '${sentence}',
        data: ${one.pascal}Change,
      });`,
      { before: all },
    );
    types.element(all, type);
  });
}

function publish(tree: Tree, names: DomainNames, name: Spellings, by: Spellings): void {
  const { one, many } = names;
  const files = filesOf(names);
  const happening = one.pascal + name.pascal;
  const type = `${one.constant}_${name.constant}`;
  CodeFile.edit(tree, files.entity, (entity) => {
    entity.import(`./${one.kebab}.events.js`, happening);
    entity.replaceIn(one.pascal, by.camel, `${one.pascal}Revised`, happening);
  });
  CodeFile.edit(tree, files.publisher, (publisher) => {
    publisher.import(`./${one.kebab}.event-types.js`, type).import(`./${one.kebab}.events.js`, happening);
    publisher.decoratorArgument(`${many.pascal}Publisher`, 'EventsHandler', happening);
    publisher.statement(
      'factsOf',
      `if (event instanceof ${happening}) {
        return {
          body: '${one.title} ${name.words}',
          facts: [${type}.fact(change), ${one.constant}_UPDATED.fact(change)],
        };
      }`,
    );
  });
}
