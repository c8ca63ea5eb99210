import { generateFrom } from './command-line.js';

process.exitCode = await generateFrom(process.argv.slice(2));
