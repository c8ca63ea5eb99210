#!/usr/bin/env node
// What `npx crm` and `npm start` run: plain JavaScript that any Node reads, so that whatever is missing is said in one line.
import { existsSync } from 'node:fs';

const [major, minor] = process.versions.node.split('.').map(Number);

try {
  if (!isSupported()) {
    throw new Error(
      `Node ${process.versions.node} is not supported: install Node 24 (LTS), 22.13 or 20.19, or a newer one.`,
    );
  }
  if (existsSync('.env')) process.loadEnvFile('.env');
  const { ensureBuilt } = await import('./build.mjs');
  ensureBuilt();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
await import('../../../dist/apps/cli/src/main.js');

/** The range of `engines` in package.json, which the dependencies ask for. */
function isSupported() {
  const oldestMinor = { 20: 19, 22: 13, 24: 11 };
  return major > 24 || minor >= (oldestMinor[major] ?? Infinity);
}
