// Replaces curl on machines without it; supports the options used in docs: `-s -N -X -H -d --max-time`.
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    silent: { type: 'boolean', short: 's' },
    'no-buffer': { type: 'boolean', short: 'N' },
    request: { type: 'string', short: 'X' },
    header: { type: 'string', short: 'H', multiple: true, default: [] },
    data: { type: 'string', short: 'd' },
    'max-time': { type: 'string' },
  },
});
const { header, data, 'max-time': seconds } = values;
const answer = await fetch(positionals[0], {
  method: values.request ?? (data === undefined ? 'GET' : 'POST'),
  headers: header.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  body: data,
  signal: seconds === undefined ? undefined : AbortSignal.timeout(Number(seconds) * 1_000),
});
try {
  for await (const part of answer.body ?? []) process.stdout.write(part);
} catch (error) {
  if (error.name !== 'TimeoutError') throw error;
  process.exitCode = 28;
}
process.stdout.write('\n');
