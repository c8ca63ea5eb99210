import { type Rule, SchematicsException, type Tree } from '@angular-devkit/schematics';
import { actOf, domainOnDisk, filesOf } from '../domain-on-disk.js';
import { type DomainNames, spellings } from '../names.js';
import { addToWorker } from '../worker.js';
import { generate, type Writing } from '../writing.js';

export interface SubscriberOptions extends Writing {
  readonly domain: string;
  readonly name: string;
  /** Routing key. */
  readonly on: string;
  /** The act that it carries out. */
  readonly does: string;
}

const SCHEMAS = 'docs/events/schemas';
/** Documents are linked to the deal itself: their id narrows nothing. */
const DOCUMENT = 'document';

/** What an event is about, more narrowly than its deal. */
interface Narrower {
  /** Member of the event's data, e.g. `policy_id`. */
  readonly member: string;
  /** Column of the domain's table with the same id. */
  readonly column: string;
}

/** A durable queue on the bus: an event of a deal has an act carried out for the rows that the event is about. */
export function subscriber(options: SubscriberOptions): Rule {
  return (tree) => {
    const names = domainOnDisk(tree, options.domain);
    const name = spellings(options.name, 'A subscriber');
    requireEventOfDeal(tree, options.on);
    const narrower = narrowerOf(tree, names, options.on);
    const { act, done } = actOf(tree, names, options.does, '--does');
    const values = {
      ...names,
      name,
      act,
      done,
      key: options.on,
      narrower,
      manyKebab: names.many.kebab,
      nameKebab: name.kebab,
    };
    return generate(values, options, (house) => {
      addToWorker(house, names, `${name.pascal}Subscriber`, `./subscribers/${name.kebab}.subscriber.js`);
    });
  };
}

/** Its data names the deal. */
function requireEventOfDeal(tree: Tree, key: string): void {
  const known = (tree.getDir(SCHEMAS).subfiles as readonly string[])
    .map((file) => file.replace(/^crm\.|\.json$/g, ''))
    .filter((type) => type.startsWith('deal.'));
  if (known.includes(key)) return;
  throw new SchematicsException(
    `--on takes the routing key of an event of a deal, one of ${known.toSorted().join(', ')}.`,
  );
}

/**
 * The policy, payment or other part of the deal that an event is about; undefined when it is about the deal itself.
 * @throws SchematicsException when the domain's rows don't name it: the act would be carried out for all of the deal.
 */
function narrowerOf(tree: Tree, names: DomainNames, key: string): Narrower | undefined {
  const part = key.split('.')[1]!;
  const member = `${part}_id`;
  const { properties } = tree.readJson(`${SCHEMAS}/crm.${key}.json`) as {
    properties: Readonly<Record<string, unknown>>;
  };
  if (part === DOCUMENT || !(member in properties)) return undefined;
  if (part === names.one.snake) return { member, column: 'id' };
  if (tree.readText(filesOf(names).row).includes(`'${member}'`)) return { member, column: member };
  throw new SchematicsException(
    `${key} is about one ${part} of a deal, and ${names.many.words} have no ${member}. Add it first: ` +
      `npm run generate -- field ${names.many.kebab} ${part}-id --type uuid`,
  );
}
