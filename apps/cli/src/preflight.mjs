#!/usr/bin/env node
// What `npx crm` and `npm start` run: plain JavaScript that any Node reads, so that whatever is missing is said in one line.
import { existsSync } from 'node:fs';

const [major, minor] = process.versions.node.split('.').map(Number);

try {
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Error(`Node ${process.versions.node} is too old: install Node 20.19 or newer.`);
  }
  if (existsSync('.env')) process.loadEnvFile('.env');
  const { ensureBuilt } = await import('./build.mjs');
  ensureBuilt();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
await import('../../../dist/apps/cli/src/main.js');
