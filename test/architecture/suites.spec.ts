import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT, TOOL_TIMEOUT_MS } from './planted-tree.js';

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

/** The suites that an npm script runs. */
function suitesOf(script: string): string[] {
  const [program, ...args] = scripts[script]!.split(' ');
  expect(program).toBe('jest');
  const jest = join(ROOT, 'node_modules/jest/bin/jest.js');
  const options = { cwd: ROOT, encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } } as const;
  const listed = execFileSync(process.execPath, [jest, ...args, '--listTests'], options);
  return listed
    .split('\n')
    .filter((line) => line.startsWith(ROOT)) // among lines that name the projects
    .map((file) => relative(ROOT, file));
}

/** Every suite that is, or would be, committed. */
function writtenSuites(): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate', '*spec.ts'];
  const deleted = execFileSync('git', ['ls-files', '--deleted'], { cwd: ROOT, encoding: 'utf8' }).split('\n');
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' })
    .split('\n')
    .filter((file) => file !== '' && !deleted.includes(file));
}

jest.setTimeout(TOOL_TIMEOUT_MS);

describe('the test suites', () => {
  it('run each by exactly one of npm test and npm run test:slow', () => {
    const [usual, slow] = [suitesOf('test'), suitesOf('test:slow')];
    expect(slow.length).toBeGreaterThan(0);
    expect([...usual, ...slow].sort()).toEqual(writtenSuites().sort());
  });

  it('run all in .ci/run', () => {
    const ci = readFileSync(join(ROOT, '.ci/run'), 'utf8');
    expect([...ci.matchAll(/^count_tests (\S+)/gm)].map(([, script]) => script)).toEqual(['test', 'test:slow']);
  });
});
