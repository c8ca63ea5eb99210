import { type Rule, SchematicsException, type Tree } from '@angular-devkit/schematics';
import { actOf, domainOnDisk } from '../domain-on-disk.js';
import { spellings } from '../names.js';
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

/** A durable queue on the bus: what is told of a deal has an act carried out for its rows. */
export function subscriber(options: SubscriberOptions): Rule {
  return (tree) => {
    const names = domainOnDisk(tree, options.domain);
    const name = spellings(options.name, 'A subscriber');
    requireEventOfDeal(tree, options.on);
    const { act, done } = actOf(tree, names, options.does, '--does');
    const values = {
      ...names,
      name,
      act,
      done,
      key: options.on,
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
