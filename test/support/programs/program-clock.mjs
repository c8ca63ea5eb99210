/**
 * Loaded by `node --import` before a program that runs as in production. Shifts its clock by the milliseconds in the
 * file TEST_CLOCK_FILE.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const kernel = join(process.cwd(), 'dist/libs/platform/kernel/index.js');
const { instant, SystemClock } = await import(pathToFileURL(kernel).href);

SystemClock.prototype.now = () =>
  instant(new Date(Date.now() + Number(readFileSync(process.env.TEST_CLOCK_FILE, 'utf8'))));
