import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '#platform/services';
import { createTestDatabase, type TestDatabase } from '#platform/testing';
import { Checkout, type Ended } from '../support/programs/checkout.js';

const GUIDE = readFileSync(join(__dirname, '../../docs/extending.md'), 'utf8');
const [generating, recording, testing, starting, ...session] = [...GUIDE.matchAll(/^```sh\n(.*?)^```$/gms)].map(
  ([, lines]) => lines!.trim(),
);
const commands = generating!.split('\n');
const NOTHING = 'Everything is there already: nothing was changed.\n';
/** Runs the generators for each list of arguments; exits with the highest of their codes. */
const EACH = `
import { readFileSync } from 'node:fs';
import { generateFrom } from './libs/schematics/command-line.js';
for (const args of JSON.parse(readFileSync(new URL('args.json', import.meta.url), 'utf8'))) {
  process.exitCode = Math.max(process.exitCode ?? 0, await generateFrom(args));
}
`;
const REFUSALS = [
  ['domain claim', 'A domain is named in the plural: write claims'],
  ['domain deals --force', 'There is a domain deals, written by hand'],
  ['field clams price', 'There is no domain clams, but claims, clients, deals'],
  ['field claims title', 'Claim has a title of its own'],
  ['command claims class', '“class” is a word of TypeScript or SQL'],
  ['job claims settle-old --does settle', 'settle-silent.job.ts carries settle out already'],
  ['job claims pay-late --does pay', '--does names an act of claims, one of settle'],
  ['subscriber claims pay --on deal.slept --does settle', '--on takes the routing key of an event of a deal'],
  [
    'subscriber claims settle-with-quote --on deal.quote.updated --does settle',
    'claims have no quote_id. Add it first',
  ],
  ['projection claims policy-id', 'There is a migration claims-policy-id already'],
  ['query claims queries', 'ClaimsController has a queries already'],
  ['query quotes summary', 'The domain quotes was written by hand'],
] as const;

describe('the guide to extending, executed line by line', () => {
  let checkout: Checkout;
  let database: TestDatabase;
  const made = new Set<string>();

  beforeAll(async () => {
    // The copy publishes event types that are unknown here.
    database = await createTestDatabase([], { isScripted: true });
    const [api, worker] = [await freePort(), await freePort()];
    checkout = new Checkout({
      CRM_DATABASE_URL: database.url,
      CRM_PORT: String(api),
      CRM_WORKER_PORT: String(worker),
    });
  });

  afterAll(async () => {
    await checkout.discard();
    await database.drop();
  });

  /** Runs the generators in sequence without building them again. */
  async function generate(...lines: readonly string[]): Promise<Ended> {
    const args = lines.map((line) => line.replace('npm run generate -- ', '').split(' '));
    checkout.write('dist-generators/args.json', JSON.stringify(args));
    checkout.write('dist-generators/each.mjs', EACH);
    return checkout.sh('node dist-generators/each.mjs');
  }

  it.each(commands)('%s writes code with its test', async (command) => {
    const first = await checkout.sh(command);
    expect(first).toEqual({ code: 0, output: expect.stringMatching(/^create .+\.int-spec\.ts$/m) });
    for (const path of checkout.changes()) made.add(path);
    checkout.accept();
    if (command !== commands[0]) return;
    // The domain has no additions yet.
    expect(await generate(command)).toEqual({ code: 0, output: NOTHING });
    expect(checkout.changes()).toEqual([]);
  });

  it('changes nothing when it is run twice, in a dry run, and when it refuses', async () => {
    const more = commands.slice(1);
    expect(await generate(...more)).toEqual({ code: 0, output: NOTHING.repeat(more.length) });
    const dry = await generate('domain loss-adjusters --dry-run');
    expect(dry).toEqual({ code: 0, output: expect.stringContaining('create libs/crm/loss-adjusters/index.ts\n') });
    const refused = await generate(...REFUSALS.map(([words]) => words));
    expect(refused.code).toBe(1);
    for (const [, said] of REFUSALS) expect(refused.output).toContain(said);
    expect(checkout.changes()).toEqual([]);
  });

  it('does not overwrite a changed file without --force', async () => {
    const command = commands.find((line) => line.includes(' query '))!;
    const path = 'libs/crm/claims/queries/claims-summary.query.ts';
    const text = checkout.read(path);
    checkout.write(path, `// Mine.\n${text}`);
    const refused = await generate(command);
    expect(refused).toEqual({ code: 1, output: expect.stringContaining(`something else:\n  ${path}\n`) });
    expect(checkout.read(path)).toBe(`// Mine.\n${text}`);
    expect(await generate(`${command} --force`)).toEqual({ code: 0, output: `update ${path}\n` });
    expect(checkout.read(path)).toBe(text);
  });

  /** @throws Error with its whole output. */
  async function pass(script: string): Promise<void> {
    const { code, output } = await checkout.sh(script);
    if (code !== 0) throw new Error(`${script} ended with ${String(code)}:\n${output}`);
  }

  it('generates code that passes types, lint, layout and import rules', async () => {
    const code = [...made].filter((path) => path.endsWith('.ts')).join(' ');
    await Promise.all([pass('npx tsc --noEmit'), pass(`npx eslint -c .eslint.config.mjs --max-warnings 0 ${code}`)]);
    await Promise.all([
      pass(`npx prettier --check ${code}`),
      pass('npx depcruise --config .dependency-cruiser.cjs apps libs migrations test'),
    ]);
  });

  it('records the events of the new domain', async () => {
    await pass(recording!);
    expect(checkout.changes()).toEqual(
      expect.arrayContaining(['docs/events.md', 'docs/events/schemas/crm.deal.claim.settled.json']),
    );
  });

  it.each(testing!.split('\n'))('%s passes', async (command) => {
    await pass(`${command} --silent`);
  });

  it('builds, migrates and starts, and answers as the guide shows', async () => {
    await checkout.start(starting!, 'Ctrl-C');
    const { code, output } = await checkout.sh(session.join('\n'));
    if (code !== 0) throw new Error(output);
    expect(output).toContain('"settled_at":"20');
    expect(output).toMatch(/\{"count":1,"last_changed_at":"20.+"\}/);
    expect(output).toContain('"body":"Claim settled"');
    expect(output).toMatch(/"status":40[34],/);
    expect(output).toContain('publish.deal.claim.settled');
    expect(output).toContain('"title":"crm.deal.claim.settled"');
    expect(output).toContain('event: deal.claim.settled');
  });
});
