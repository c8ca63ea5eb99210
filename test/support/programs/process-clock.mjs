/**
 * Loaded by `node --import` before a program that runs as in production. Shifts every date of its process by the
 * milliseconds in the file TEST_CLOCK_FILE, as a step of the machine's clock does; timers are monotonic and stay.
 */
import { readFileSync } from 'node:fs';

const POLL_MS = 100;
const SystemDate = Date;
const now = Date.now;
let offset = 0;

function readOffset() {
  offset = Number(readFileSync(process.env.TEST_CLOCK_FILE, 'utf8'));
}

readOffset();
setInterval(readOffset, POLL_MS).unref();

SystemDate.now = () => now() + offset;
globalThis.Date = new Proxy(SystemDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now() + offset] : args, newTarget),
});
