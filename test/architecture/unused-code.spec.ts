import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlantedTree, ROOT, runTool, TOOL_TIMEOUT_MS } from './planted-tree.js';

const { imports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { imports: unknown };

const PACKAGE = JSON.stringify({
  name: 'planted',
  type: 'module',
  imports,
  scripts: { test: 'jest -c .jest.config.cjs' },
  dependencies: { pg: '*', 'reflect-metadata': '*' },
  devDependencies: { '@swc/jest': '*', jest: '*' },
});

/** Reached from an app, by aliases and by a test: all of it is in use but what the test below names. */
const PLANTED: Record<string, string> = {
  'package.json': PACKAGE,
  '.eslint.config.mjs': 'export {};\n',
  '.jest.config.cjs':
    "module.exports = { testMatch: ['<rootDir>/libs/**/*.spec.ts'], transform: { ts: '@swc/jest' } };\n",
  'apps/api/src/main.ts': "import 'reflect-metadata';\nimport 'pino';\nimport { open } from '#crm/deals';\nopen();\n",
  'libs/crm/deals/index.ts': "export { open, shut } from './deal.js';\n",
  'libs/crm/deals/deal.ts':
    "import { newId } from '#platform/kernel';\nexport const open = newId;\nexport const shut = 1;\n",
  'libs/crm/deals/deal.spec.ts': "import { Builder } from './builder.js';\nnew Builder();\n",
  'libs/crm/deals/builder.ts': 'export class Builder {}\n',
  'libs/crm/deals/forgotten.ts': 'export const forgotten = 1;\n',
  'libs/platform/kernel/index.ts': 'export const newId = (): string => "";\n',
  'migrations/index.ts': 'export const all = [];\n',
};

jest.setTimeout(TOOL_TIMEOUT_MS);

describe('what nothing uses', () => {
  it('is found: a file, an export of a door, a dependency, and an import that is not declared', () => {
    const tree = new PlantedTree(new Map(Object.entries(PLANTED)));
    const { stdout, stderr } = runTool('knip/bin/knip.js', ['-c', '.knip.json', '--reporter', 'compact'], tree.root);
    tree.fell();
    expect(`${stdout}${stderr}`.trim().split('\n')).toEqual([
      'Unused files (1)',
      'libs/crm/deals/forgotten.ts',
      'Unused dependencies (1)',
      'package.json: pg',
      'Unlisted dependencies (1)',
      'apps/api/src/main.ts: pino',
      'Unused exports (1)',
      'libs/crm/deals/deal.ts: shut',
    ]);
  });
});
