/**
 * Loaded by `node --import` in front of a program that is run as in production: its clock goes on as it does, but from
 * where the file TEST_CLOCK_FILE says: milliseconds to be added to the machine's time.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const kernel = join(process.cwd(), 'dist/libs/platform/kernel/index.js');
const { instant, SystemClock } = await import(pathToFileURL(kernel).href);

SystemClock.prototype.now = () =>
  instant(new Date(Date.now() + Number(readFileSync(process.env.TEST_CLOCK_FILE, 'utf8'))));
