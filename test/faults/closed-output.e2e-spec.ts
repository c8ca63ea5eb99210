import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase, testEnvironment } from '#platform/testing';
import { MIGRATIONS } from '../../migrations/index.js';

const PROGRAM = join(__dirname, '../../dist/apps/cli/src/main.js');

describe('a command whose output is closed early', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS);
  });

  afterAll(() => database.drop());

  it.each([
    ['doctor', ['doctor']],
    ['migrate', ['migrate']],
    ['journal verify', ['journal', 'verify']],
    ['help', ['help']],
  ])('ends without an error message: %s', async (_, words) => {
    const env = { PATH: process.env.PATH, ...testEnvironment({ databaseUrl: database.url }) };
    const child = spawn(process.execPath, [PROGRAM, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    await new Promise((resolve) => child.on('close', resolve));
    expect(stderr).toBe('');
  });
});
