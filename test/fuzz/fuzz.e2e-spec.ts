import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { accessToken, until } from '#platform/testing';
import { printMeasurements, share } from '../support/books/measurements.js';
import { audit, isSequenced, NO_DISCREPANCIES } from '../support/events/log-audit.js';
import { withFailureOutput } from '../support/programs/failure-output.js';
import { Installation } from '../support/programs/installation.js';
import type { Program } from '../support/programs/processes.js';
import { ApiDocument } from './api-document.js';
import { addBook } from './fuzz-book.js';
import { FuzzClient } from './fuzz-client.js';
import { type FuzzRequest, RequestMaker } from './fuzz-request.js';
import { Random } from './random.js';

const SEED = Number(process.env.CRM_TEST_FUZZ_SEED ?? 20_261_201);
const REQUESTS = Number(process.env.CRM_TEST_FUZZ_REQUESTS ?? 50_000);
/** The only request to send, after those of its round before it. */
const ONLY = process.env.CRM_TEST_FUZZ_NUMBER === undefined ? undefined : Number(process.env.CRM_TEST_FUZZ_NUMBER);
/** Requests that share a book. */
const ROUND = 500;
const CONCURRENT = 24;
/** Rounds until the process has compiled its code and filled its caches. */
const WARM_UP_ROUNDS = Math.ceil(REQUESTS / ROUND / 5);
const MAX_GROWTH_MB = 150;
/** Reached only when a test hangs: machines differ several times in speed. */
const GIVEN_UP_AFTER_MS = 3_600_000;
/** Until the worker has run all imports and ordered all events. */
const SETTLES_WITHIN_MS = 600_000;
const SHOWN_FAULTS = 50;
const MIN_SUCCESSFUL = 0.2;
/** Statuses of requests for which no operation is documented: a wrong method, or escapes that are no text. */
const OUTSIDE_OPERATIONS = [400, 401, 403, 404, 405, 414, 415, 422, 429, 431];

const WRONG_TOTALS = `
  SELECT p.id FROM crm.payments p
    LEFT JOIN (SELECT payment_id, sum(amount) AS total FROM crm.payment_incomes WHERE NOT is_deleted GROUP BY 1) i
      ON i.payment_id = p.id
    LEFT JOIN (SELECT payment_id, sum(amount) AS total FROM crm.payment_expenses WHERE NOT is_deleted GROUP BY 1) e
      ON e.payment_id = p.id
   WHERE (p.incomes_total, p.expenses_total) IS DISTINCT FROM (coalesce(i.total, 0), coalesce(e.total, 0))`;

describe('an API process that receives requests made from its OpenAPI document', () => {
  let crm: Installation;
  let api: Program;
  let client: FuzzClient;
  let document: ApiDocument;
  /** By method, path and difference: how often it was found, and its first request. */
  const faults = new Map<string, { count: number; first: string }>();
  const statuses = new Map<number, number>();

  beforeAll(async () => {
    crm = await Installation.start();
    const preload = pathToFileURL(join(__dirname, 'collect-garbage.mjs')).href;
    api = await crm.api({ NODE_OPTIONS: `--import ${preload}`, CRM_LOG_LEVEL: 'error' });
    client = new FuzzClient(api.url);
    document = new ApiDocument(JSON.parse(await textOf('/api/v1/openapi.json')) as never);
  });

  afterAll(async () => {
    client.close();
    await crm.discard();
  });

  async function textOf(path: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
    const answer = await client.send({ isDocumented: true, method: 'GET', url: path, headers, body: undefined });
    expect({ path, status: answer.status }).toEqual({ path, status: 200 });
    return answer.body;
  }

  async function residentMb(): Promise<number> {
    for (let times = 0; times < 2; times++) {
      api.notify('SIGUSR2');
      await api.readiness();
    }
    return Math.round((await api.metric('process_resident_memory_bytes'))! / 2 ** 20);
  }

  /** Sends a request and records how its answer differs from the document. */
  async function check(request: FuzzRequest): Promise<void> {
    const { number, operation, method } = request;
    let found: string[];
    try {
      const answer = await client.send(request);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      found = faultsOf(request, answer);
    } catch (error) {
      found = [String(error)];
    }
    for (const fault of found) {
      const kind = `${method} ${operation.path}: ${fault}`;
      const known = faults.get(kind);
      if (known) known.count += 1;
      else faults.set(kind, { count: 1, first: `  seed ${SEED}, number ${number}\n  ${client.curl(request)}` });
    }
  }

  function faultsOf({ operation, isDocumented, method }: FuzzRequest, answer: Awaited<ReturnType<FuzzClient['send']>>) {
    if (isDocumented) return document.faultsOf(operation, answer);
    if (answer.status >= 500) return [`status ${answer.status}`];
    if (method === 'HEAD') return answer.body === '' ? [] : ['a body'];
    // The path may have an operation of the other method, whose conflicts are documented there.
    const isOperation = document.methods.get(operation.path)!.has(method);
    if (isOperation && answer.status < 400) return [];
    return [
      ...document.faultsOfRefusal(answer),
      ...(isOperation || OUTSIDE_OPERATIONS.includes(answer.status)
        ? []
        : [`status ${answer.status} outside of all operations`]),
    ];
  }

  /** Sends the requests of a round with a book of its own. */
  async function sendRound(first: number, end: number, concurrent: number): Promise<void> {
    const book = await addBook(api, new Random(SEED, -first - 1));
    const maker = new RequestMaker(document, SEED);
    let next = first;
    const sender = async (): Promise<void> => {
      while (next < end) await check(maker.make(next++, book));
    };
    await Promise.all(Array.from({ length: concurrent }, sender));
  }

  async function invalidJournals(): Promise<unknown[]> {
    const authorization = `Bearer ${accessToken({ userId: new Random(SEED).uuid(), roles: ['ROLE_ADMIN'] })}`;
    const deals = await crm.database.rows<{ id: string }>('SELECT id FROM crm.deals WHERE NOT is_deleted');
    const invalid: unknown[] = [];
    for (const { id } of deals) {
      const verdict = JSON.parse(await textOf(`/api/v1/deals/${id}/journal/verify`, { authorization })) as object;
      if (!('valid' in verdict) || verdict.valid !== true) invalid.push({ id, verdict });
    }
    return invalid;
  }

  it(
    'answers every request as documented, without a 5xx and within its memory limit, and its data stays consistent',
    withFailureOutput(async () => {
      process.stdout.write(`fuzz | seed ${SEED} | replay: CRM_TEST_FUZZ_SEED=${SEED} CRM_TEST_FUZZ_NUMBER=<number>\n`);
      const began = Date.now();
      let warmMb = 0;
      if (ONLY === undefined) {
        for (let round = 0; round * ROUND < REQUESTS; round++) {
          await sendRound(round * ROUND, Math.min((round + 1) * ROUND, REQUESTS), CONCURRENT);
          if (round + 1 === WARM_UP_ROUNDS) warmMb = await residentMb();
        }
      } else {
        await sendRound(ONLY - (ONLY % ROUND), ONLY + 1, 1);
      }
      const sent = [...statuses.values()].reduce((sum, count) => sum + count, 0);
      const successful = [...statuses].reduce((sum, [status, count]) => sum + (status < 300 ? count : 0), 0);
      const endMb = await residentMb();
      printMeasurements('fuzz from the OpenAPI document', {
        sent,
        successful: share(successful, sent),
        seconds: Math.round((Date.now() - began) / 1000),
        'CPU s of the API': Math.round((await api.metric('process_cpu_seconds_total'))!),
        'CPU s of the test': Math.round(process.cpuUsage().user / 1e6),
        'MB after warm-up': warmMb,
        'MB at the end': endMb,
        ...Object.fromEntries([...statuses].sort(([a], [b]) => a - b)),
      });
      const shown = [...faults].slice(0, SHOWN_FAULTS);
      const lines = shown.map(([kind, { count, first }]) => `${count} × ${kind}\n${first}`).join('\n');
      if (faults.size > 0) throw new Error(`${faults.size} kinds of faults, the first ones:\n${lines}`);
      expect(await api.readiness()).toBe(200);
      await crm.worker();
      await until(async () => {
        const open = await crm.database.rows('SELECT FROM crm.import_runs WHERE finished_at IS NULL LIMIT 1');
        return open.length === 0 && (await isSequenced(crm.database));
      }, SETTLES_WITHIN_MS);
      expect(await audit(crm.database, [])).toEqual(NO_DISCREPANCIES);
      expect(await crm.database.rows(WRONG_TOTALS)).toEqual([]);
      expect(await invalidJournals()).toEqual([]);
      if (ONLY !== undefined) return;
      expect(successful / sent).toBeGreaterThanOrEqual(MIN_SUCCESSFUL);
      expect(endMb - warmMb).toBeLessThan(MAX_GROWTH_MB);
    }),
    GIVEN_UP_AFTER_MS,
  );
});
