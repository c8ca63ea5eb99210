/**
 * Plain PostgreSQL: pgbench runs the baseline's SQL over as many connections as the pools of the others. Rows are
 * random too; values that a program would compute (new ids, documents) are expressions or constants.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findOnPath } from '#platform/services';
import { clientsOf } from '../data.mjs';
import { DATA_DIRECTORY } from '../environment.mjs';
import { ADD_INCOME, CREATE, GET, listStatement } from './statements.mjs';

const CONNECTIONS = 10;
const MOST = '4611686018427387903';

const seller = 'bench.id(0, :n::bigint % 200)';
const now = `'2026-11-23T09:30:00.000Z'`;
const trace = `'00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'`;
/** Time-ordered UUIDs; `kind` distinguishes those of one transaction. */
const newId = (kind) =>
  `(lpad(to_hex(:time::bigint), 14, '0') || '7${kind}' || lpad(to_hex(:dice::bigint), 16, '0'))::uuid`;
const DEAL = {
  ...{ id: '0193553a-0000-7000-8000-000000000000', client_id: '01900000-0000-7000-8001-000000000000' },
  ...{ title: 'КАСКО, Toyota Camry 2000', description: 'Продление полиса, просил перезвонить после обеда' },
  ...{ status: 'qualification', stage: 'qualification', owner_id: '01900000-0000-7000-8000-000000000000' },
  ...{ executor_id: null, next_review_at: '2099-06-15', closed_at: null, lost_reason: null, version: 1 },
  ...{ created_at: '2026-11-23T09:30:00.000Z', updated_at: '2026-11-23T09:30:00.000Z', is_deleted: false },
};
const LINE = {
  ...{ id: DEAL.id, payment_id: DEAL.client_id, amount: '150.50', currency: 'RUB', category: 'premium' },
  ...{ nature: 'premium', posted_at: '2026-01-15', note: 'платёжное поручение', created_by_id: DEAL.owner_id },
  ...{ updated_by_id: DEAL.owner_id, version: 1, is_deleted: false },
  ...{ created_at: DEAL.created_at, updated_at: DEAL.updated_at },
};
// pgbench would read a colon after a quotation mark as a variable.
const json = (value) => `convert_from('\\x${Buffer.from(JSON.stringify(value)).toString('hex')}', 'UTF8')`;

/** For each operation: the statement, its parameters as SQL, and how many rows `n` is drawn from. */
const SCRIPTS = {
  get: (deals) => [GET.own, ['bench.id(2, :n)', seller], deals],
  list: (deals) => [
    listStatement('all', 51),
    [`'{in_progress,negotiation,proposal}'`, `(now() + interval '60 days')::date`],
    deals,
  ],
  create: (deals) => [
    CREATE,
    [
      ...[
        newId('a'),
        'bench.id(1, :n)',
        `'${DEAL.title}'`,
        `'${DEAL.description}'`,
        seller,
        'NULL',
        `'2099-06-15'`,
        now,
      ],
      ...[newId('b'), json({ before: null, after: DEAL }), newId('c')],
      ...[
        json({ deal_id: DEAL.id, client_id: DEAL.client_id, deal: DEAL }),
        seller,
        'false',
        trace,
        `ARRAY[${seller}]`,
      ],
    ],
    clientsOf(deals),
  ],
  income: (deals) => [
    ADD_INCOME,
    [
      ...['bench.id(2, :n)', 'bench.id(3, :n::bigint * 2 + :n::bigint % 2)', newId('a'), `'150.50'`, `'premium'`],
      ...[`'premium'`, seller, 'false', `'2026-01-15'`, `'платёжное поручение'`, now, now, json(LINE)],
      ...[newId('b'), newId('c'), trace, newId('d')],
    ],
    deals,
  ],
};

/**
 * @returns {object | undefined} nothing when pgbench isn't installed
 */
export function pgbench(book) {
  const command = findOnPath('pgbench');
  if (!command) return undefined;
  return {
    name: 'PostgreSQL alone (pgbench)',
    operations: Object.keys(SCRIPTS),
    of: (operation) => ({
      name: 'PostgreSQL alone (pgbench)',
      run: ({ ms, requests }) => run(command, book, operation, ms, requests),
      cpuMs: () => 0,
    }),
  };
}

async function run(command, book, operation, ms, requests) {
  const file = join(DATA_DIRECTORY, `${operation}.pgbench.sql`);
  writeFileSync(file, scriptOf(SCRIPTS[operation](book.deals)));
  const limit =
    ms === undefined ? ['-t', String(Math.ceil(requests / CONNECTIONS))] : ['-T', String(Math.ceil(ms / 1000))];
  const { stdout } = await promisify(execFile)(
    command,
    [
      '-n',
      '-M',
      'prepared',
      '-c',
      String(CONNECTIONS),
      '-j',
      '1',
      '-D',
      `time=${Date.now() * 256}`,
      ...limit,
      '-f',
      file,
      book.url,
    ],
    { env: { PATH: process.env.PATH, PGOPTIONS: '-c TimeZone=UTC -c search_path=crm,public' } },
  );
  const count = Number(/actually processed: (\d+)/.exec(stdout)[1]);
  const perSecond = Number(/tps = ([\d.]+) \(without/.exec(stdout)[1]);
  return { requests: count, ms: (count / perSecond) * 1000, latencies: [] };
}

function scriptOf([statement, values, rows]) {
  const sql = statement.text
    .replace(/\$(\d+)(::[a-z]+(\[\])?)?/g, (_, number, cast = '') => `(${values[Number(number) - 1]})${cast}`)
    .replace(/\s+/g, ' ');
  return `\\set n random(0, ${rows - 1})\n\\set dice random(0, ${MOST})\n\\set time :time + 1\n${sql};\n`;
}
