import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PHRASES } from './phrases.js';
import { ROOT } from './planted-tree.js';

const TEXT = /\.(ts|tsx|mjs|cjs|js|json|md|sql|ya?ml|sh|template|html|css)$|(^|\/)(run|Dockerfile)$/;
/** The rule's own files, files that tools write, and migrations that databases have already run. */
const EXEMPT = /^(test\/architecture\/(phrases|language\.spec)\.ts|package-lock\.json|migrations\/17640000[01].*)$/;
/** The name of a user of Unix. */
const UNIX_USER = "'nobody'";

/** `file:line: phrase (use: ...)` for each phrase in a text. */
function findings(file: string, text: string): string[] {
  return text
    .replaceAll(UNIX_USER, '')
    .split('\n')
    .flatMap((line, index) =>
      PHRASES.flatMap(({ pattern, use }) => {
        const found = pattern.exec(line);
        return found === null ? [] : [`${file}:${index + 1}: "${found[0]}" (use: ${use})`];
      }),
    );
}

describe('the language of code and documents', () => {
  it.each([
    ['// Whoever comes second finds the row.', 'Whoever'],
    ['/** Nobody else is told of it. */', 'Nobody'],
    ['Two users are told once.', 'are told'],
    ['The row tells of its subject.', 'tells of'],
    ['A lane gives way to the next.', 'gives way'],
    ['class NightWorker {}', 'NightWorker'],
  ])('finds the phrase in: %s', (line, phrase) => {
    expect(findings('a.ts', `const a = 1;\n${line}`)[0]).toMatch(new RegExp(`^a\\.ts:2: "${phrase}" \\(use: `));
  });

  it.each([
    'Only the transaction that inserts the row publishes the reminder.',
    'Locks the payment rows until commit.',
    'A user who is no longer the owner receives no further events.',
  ])('accepts: %s', (line) => {
    expect(findings('a.ts', line)).toEqual([]);
  });

  it('has none of the phrases in a committed file', () => {
    const files = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' })
      .split('\n')
      .filter((file) => TEXT.test(file) && !EXEMPT.test(file));
    expect(files.length).toBeGreaterThan(500);
    expect(files.flatMap((file) => findings(file, readFileSync(join(ROOT, file), 'utf8')))).toEqual([]);
  });
});
