import {
  apply,
  applyTemplates,
  chain,
  mergeWith,
  type Rule,
  SchematicsException,
  type Tree,
  url,
} from '@angular-devkit/schematics';
import { format, type Options } from 'prettier';

/** What every generator takes beside its own. */
export interface Writing {
  /** Whether files that are there and say something else are written anew. */
  readonly force?: boolean;
}

/** Prefix of the refusal of differing files, so that the caller can ask the user. */
export const DIFFERS = 'These files are there and say something else';

/**
 * The whole of a generator: its files, and what it adds to files of others. A file that is there already and says the
 * same stays; when one says something else nothing at all is written, unless it is forced.
 * @throws SchematicsException naming every file that differs.
 */
export function generate(values: object, { force = false }: Writing, add: (tree: Tree) => void): Rule {
  return chain([
    (tree) => mergeWith(apply(url('./files'), [applyTemplates(values), layOut(tree), checkConflicts(tree, force)])),
    (tree) => add(tree),
    (tree) => layOut(tree),
  ]);
}

/** Formats every file that is new or changed, as the house's formatter does. */
function layOut(house: Tree): Rule {
  return async (tree) => {
    const options = house.readJson('.prettierrc.json') as Options;
    const changed = tree.actions.flatMap((action) => (action.kind === 'c' || action.kind === 'o' ? [action.path] : []));
    for (const path of changed.filter((name) => name.endsWith('.ts'))) {
      const text = tree.readText(path);
      const laidOut = await format(text, { ...options, parser: 'typescript' });
      if (laidOut !== text) tree.overwrite(path, laidOut);
    }
  };
}

function checkConflicts(house: Tree, force: boolean): Rule {
  return (made) => {
    const others: string[] = [];
    made.visit((path) => {
      if (!house.exists(path)) return;
      const isSame = house.readText(path) === made.readText(path);
      if (!isSame && force) house.overwrite(path, made.readText(path));
      if (!isSame && !force) others.push(path);
      made.delete(path);
    });
    if (others.length === 0) return;
    const list = others.map((path) => `  ${path.slice(1)}`).join('\n');
    throw new SchematicsException(`${DIFFERS}:\n${list}\nNothing was written; --force writes them anew.`);
  };
}
