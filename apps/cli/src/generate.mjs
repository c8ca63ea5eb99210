// What `npm run generate` runs: builds the generators, which write into this checkout.
import { ensureBuilt } from './build.mjs';

try {
  ensureBuilt();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
await import('../../../dist/libs/schematics/main.js');
