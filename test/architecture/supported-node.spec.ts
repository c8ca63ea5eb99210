import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import semver from 'semver';
import { ROOT } from './planted-tree.js';

interface Package {
  readonly version?: string;
  readonly engines?: { readonly node?: string };
}

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Package> };

/** Versions in the lock file that exclude a Node version of `range`. */
function unsupportedBy(range: string): string[] {
  return Object.entries(packages)
    .filter(([path, { engines: asked }]) => path !== '' && asked?.node && !semver.subset(range, asked.node))
    .map(([path, { version, engines: asked }]) => `${path} ${version} asks for Node ${asked!.node}`);
}

describe('the supported versions of Node', () => {
  it.each(['20.19.0', '20.20.0', '22.13.0', '24.11.0', '26.0.0'])('include %s', (version) => {
    expect(semver.satisfies(version, engines.node)).toBe(true);
  });

  it('are accepted by every locked package, so that npm ci prints no EBADENGINE', () => {
    expect(unsupportedBy(engines.node)).toEqual([]);
  });

  it('are refused below the range of a package', () => {
    expect(unsupportedBy('>=10')).not.toEqual([]);
  });

  it('are those that .ci/run starts the service on', () => {
    const [, tested] = /^readonly NODES=\(([^)]*)\)$/m.exec(read('.ci/run')) ?? [];
    expect(tested?.split(' ')).toEqual(['20.19', '22', '24', '26']);
  });
});
