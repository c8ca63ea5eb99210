import { json } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import type { ProgramInput } from './programs.js';

// `node preload.js <x.program.js> <main.js>`: loads a program while its settings and its database are prepared, then runs
// it with the environment that standard input contains. Most of the time of a start is loading.
const [program, main] = process.argv.slice(2).map((file) => pathToFileURL(file).href);
await import(program!);
const env = await json(process.stdin).then(
  (input) => (input as ProgramInput).env,
  () => process.exit(0), // `npm start` ended before the database was ready
);
for (const name of Object.keys(process.env)) if (!(name in env)) Reflect.deleteProperty(process.env, name);
Object.assign(process.env, env);
await import(main!);
