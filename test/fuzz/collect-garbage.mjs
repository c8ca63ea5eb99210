/**
 * Loaded by `node --import` before a program that runs as in production. Collects its garbage at each SIGUSR2, so that
 * its memory can be compared between two moments.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
process.on('SIGUSR2', () => collect());
