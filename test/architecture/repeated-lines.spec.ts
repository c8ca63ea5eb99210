import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './planted-tree.js';

/** Length of a run of identical lines that must not occur twice. */
const RUN_LENGTH = 10;
const CODE = /^(apps|libs)\/.*\.tsx?$/;
const TEST_CODE = /(spec|fixture)\.tsx?$/;
const IMPORTS = /^import\s[^;]*;$/gm;

/** The files and the first line of each repeated run; indentation, blank lines and imports do not count. */
function repetitions(files: readonly (readonly [name: string, text: string])[]): string[] {
  const nameOfRun = new Map<string, string>();
  return files.flatMap(([name, text]) => {
    const lines = text.replace(IMPORTS, '').split('\n');
    const compared = lines.map((line) => line.trim()).filter((line) => line !== '');
    return compared.flatMap((line, start) => {
      const run = compared.slice(start, start + RUN_LENGTH);
      const earlier = nameOfRun.get(run.join('\n'));
      nameOfRun.set(run.join('\n'), earlier ?? name);
      return run.length < RUN_LENGTH || earlier === undefined ? [] : [`${earlier} and ${name}: ${line}`];
    });
  });
}

describe('repeated lines', () => {
  const calls = (count: number, indent = ''): string =>
    Array.from({ length: count }, (_, index) => `${indent}run(${index});\n`).join('');

  it('are found if ten follow each other in two places, however they are indented', () => {
    const indented = `import {\n  run,\n} from './run.js';\n${calls(10, '\n  ')}`;
    expect(repetitions(Object.entries({ 'a.ts': calls(10), 'b.ts': indented }))).toEqual(['a.ts and b.ts: run(0);']);
  });

  it('are accepted if fewer than ten follow each other', () => {
    expect(repetitions([...Object.entries({ 'a.ts': calls(9), 'b.ts': `${calls(9)}end();` })])).toEqual([]);
  });

  it('do not occur in the code', () => {
    const files = execFileSync('git', ['ls-files', 'apps', 'libs'], { cwd: ROOT, encoding: 'utf8' })
      .split('\n')
      .filter((file) => CODE.test(file) && !TEST_CODE.test(file));
    expect(files.length).toBeGreaterThan(300);
    expect(repetitions(files.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]))).toEqual([]);
  });
});
