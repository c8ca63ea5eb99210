import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

// `node preload.js <main.js> <module.js>`: loads a program while its database is being prepared, and runs it as soon as
// the URL of the database comes on standard input. Loading is most of what a start takes.
const [main, module] = process.argv.slice(2).map((file) => pathToFileURL(file).href);
await import(module!);
const url = (await text(process.stdin)).trim();
if (url === '') process.exit(0); // `npm start` ended before it had a database
process.env.CRM_DATABASE_URL = url;
await import(main!);
