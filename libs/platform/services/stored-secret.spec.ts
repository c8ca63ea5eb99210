import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storedSecret } from './stored-secret.js';

describe('a stored secret', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'secret-'));
    file = join(folder, 'secret');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('is made once, stays the same, and only its owner can read it', () => {
    const secret = storedSecret(file);
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(storedSecret(file)).toBe(secret);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['secret']);
  });

  it.each([
    ['', 'is empty'],
    [' \n', 'is empty'],
    ['cut-off', 'is shorter than 32 characters'],
  ])('is refused in one line when the file contains %j', (text, fault) => {
    writeFileSync(file, text);
    expect(() => storedSecret(file)).toThrow(`${file} ${fault}: delete it, and the next start makes a new secret.`);
  });
});
