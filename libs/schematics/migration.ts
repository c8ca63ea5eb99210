import type { Tree } from '@angular-devkit/schematics';
import { CodeFile } from './code-file.js';
import type { Spellings } from './names.js';

/** A migration, by its file and its class. */
export interface MigrationNames {
  /** Without `.ts`: `1764000010000-claims`. */
  readonly file: string;
  readonly className: string;
}

const FOLDER = 'migrations';
const NAME = /^(\d+)-(.+)\.ts$/;
/** From one migration to the next, so that their order is that of their numbers. */
const STEP = 1_000;

/** The migration of this name if there is one, else the next. */
export function migrationNames(tree: Tree, name: Spellings): MigrationNames {
  const known = tree.getDir(FOLDER).subfiles.flatMap((file) => {
    const match = NAME.exec(file);
    return match ? [{ number: Number(match[1]), name: match[2]! }] : [];
  });
  const same = known.find((migration) => migration.name === name.kebab);
  const number = same?.number ?? Math.max(...known.map((migration) => migration.number)) + STEP;
  return { file: `${number}-${name.kebab}`, className: `${name.pascal}${number}` };
}

/** Puts it at the end of the list that is run. */
export function registerMigration(tree: Tree, { file, className }: MigrationNames): void {
  CodeFile.edit(tree, `${FOLDER}/index.ts`, (index) => {
    index.import(`./${file}.js`, className).element('MIGRATIONS', className);
  });
}
