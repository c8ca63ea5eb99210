/**
 * Who may import whom. test/architecture/import-rules.spec.ts plants a breach of each rule and sees it fire:
 * a new rule needs its breach there.
 */

/** The platform's libraries from the ground up; a level sees those below it. */
const PLATFORM_LEVELS = [
  ['kernel'],
  ['config'],
  ['observability'],
  ['persistence'],
  ['cqrs'],
  ['messaging'],
  ['jobs', 'auth', 'http'],
  ['reminders'],
  ['testing'],
];
const PLATFORM_EXTRA = { http: ['auth'], services: ['kernel'], testing: ['services'] };

const SPEC = '\\.(spec|int-spec|e2e-spec)\\.ts$';
const TEST = '\\.(spec|int-spec|e2e-spec|fixture)\\.ts$';
/** These start what was built. */
const STARTERS = ['^apps/cli/src/preflight\\.mjs$', '^test/global-setup\\.cjs$', '^test/smoke/main\\.mjs$'];
const WEB = 'node_modules/(fastify|@fastify|express|@nestjs/(swagger|platform-fastify|platform-express))/';
const STEM = '^libs/crm/([^/]+)/';
/** The files with a domain's rules, and its tables of states, kinds and numbers. */
const PURE = [
  '.*\\.(entity|event|events|error|errors)\\.ts$',
  '(contacts/|lines/)?[a-z-]+-(stage|status|state|kind|category|currency|number|period|key|id|fact)s?\\.ts$',
];

function platformRule(library, level) {
  const below = PLATFORM_LEVELS.slice(0, level).flat();
  const seen = [library, ...(level < 0 ? [] : below), ...(PLATFORM_EXTRA[library] ?? [])];
  return {
    name: `platform-order-${library}`,
    comment: `libs/platform/${library} sees only: ${seen.slice(1).join(', ') || 'nothing'}.`,
    severity: 'error',
    from: { path: `^libs/platform/${library}/`, pathNot: TEST },
    to: { path: '^libs/platform/', pathNot: `^libs/platform/(${seen.join('|')})/` },
  };
}

module.exports = {
  forbidden: [
    {
      name: 'apps-enter-domains-by-index',
      comment: 'An app sees of a domain its index.ts.',
      severity: 'error',
      from: { path: '^apps/' },
      to: { path: '^libs/crm/', pathNot: '^libs/crm/[^/]+/index\\.ts$' },
    },
    {
      name: 'apps-stand-alone',
      comment: 'The API, the worker and the console are programs of their own: what two need is a library.',
      severity: 'error',
      from: { path: '^apps/(api|worker|console)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'console-runs-in-browsers',
      comment: 'The page asks the API, as any client does: of this repository and of Node it has nothing inside.',
      severity: 'error',
      from: { path: '^apps/console/', pathNot: TEST },
      to: { pathNot: ['^apps/console/', 'node_modules/preact/'] },
    },
    {
      name: 'tests-enter-by-doors',
      comment: 'Tests outside a library use its doors, as everyone does; a test of the inside lives inside.',
      severity: 'error',
      from: { path: '^test/' },
      to: { path: '^libs/', pathNot: '^libs/(crm/[^/]+/(index|contracts)|platform/[^/]+/index)\\.ts$' },
    },
    {
      name: 'siblings-see-contracts-only',
      comment: 'A domain sees of another its contracts.ts, so that two can listen to each other with no cycle.',
      severity: 'error',
      from: { path: STEM },
      to: { path: '^libs/crm/', pathNot: '^libs/crm/($1/|[^/]+/contracts\\.ts$)' },
    },
    {
      name: 'contracts-import-kernel-only',
      comment:
        'Contracts are read by all siblings, so they depend on nothing but the kernel (and the bus’s base types).',
      severity: 'error',
      from: { path: '^libs/crm/[^/]+/contracts\\.ts$' },
      to: { pathNot: ['^libs/platform/kernel/index\\.ts$', 'node_modules/@nestjs/cqrs/'] },
    },
    {
      name: 'payments-are-bounded',
      comment: 'Payments read the contracts of deals, policies and imports, of no one else.',
      severity: 'error',
      from: { path: '^libs/crm/payments/' },
      to: { path: '^libs/crm/', pathNot: '^libs/crm/(payments/|(deals|policies|imports)/contracts\\.ts$)' },
    },
    {
      name: 'payments-own-their-tables',
      comment: 'Other domains use payments through its contracts, never its tables.',
      severity: 'error',
      from: { pathNot: '^libs/crm/payments/' },
      to: { path: '^libs/crm/payments/.*\\.(entity|repository)\\.ts$' },
    },
    {
      name: 'journals-import-no-sibling',
      comment: 'Journals are written through the platform.',
      severity: 'error',
      from: { path: '^libs/crm/journals/' },
      to: { path: '^libs/crm/', pathNot: '^libs/crm/journals/' },
    },
    {
      name: 'entities-stay-pure',
      comment: 'Entities, events, errors and values import each other, their own contracts, the kernel and mapping.',
      severity: 'error',
      from: { path: PURE.map((file) => STEM + file) },
      to: {
        pathNot: [
          ...PURE.map((file) => `^libs/crm/$1/${file}`),
          '^libs/crm/$1/contracts\\.ts$',
          '^libs/platform/kernel/',
          // For the base class alone: .eslint.config.mjs names it.
          '^libs/platform/persistence/index\\.ts$',
          'node_modules/(typeorm|@nestjs/cqrs)/',
          // Functions of their arguments alone.
          'node_modules/(libphonenumber-js|lru-cache)/',
          '^crypto$',
        ],
      },
    },
    {
      name: 'operations-know-no-http',
      comment: 'Commands, queries, subscribers and jobs are asked by HTTP, RPC, queues and tests alike.',
      severity: 'error',
      from: { path: '^libs/crm/[^/]+/(commands|queries|subscribers|jobs)/', pathNot: TEST },
      to: { path: ['^libs/platform/http/', WEB, '\\.(controller|dto)\\.ts$'] },
    },
    {
      name: 'platform-knows-no-business',
      comment: 'The platform would fit any product.',
      severity: 'error',
      from: { path: '^libs/platform/' },
      to: { path: '^(libs/crm|apps)/' },
    },
    {
      name: 'domains-know-no-apps',
      comment: 'Imports go from apps to domains.',
      severity: 'error',
      from: { path: '^libs/crm/' },
      to: { path: '^(apps|test)/' },
    },
    {
      name: 'migrations-are-run-by-programs',
      comment: 'Only programs and tests select the migrations to apply.',
      severity: 'error',
      from: { path: '^libs/', pathNot: ['^libs/platform/testing/', TEST] },
      to: { path: '^migrations/' },
    },
    ...PLATFORM_LEVELS.flatMap((libraries, level) => libraries.map((library) => platformRule(library, level))),
    platformRule('services', -1),
    {
      name: 'kernel-imports-nothing',
      comment: 'The kernel is pure: Node itself, nothing else.',
      severity: 'error',
      from: { path: '^libs/platform/kernel/', pathNot: TEST },
      to: { pathNot: '^libs/platform/kernel/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'services-are-for-development',
      comment: 'Only the command line, tests and the testing library start servers.',
      severity: 'error',
      from: { pathNot: ['^libs/platform/(services|testing)/', '^apps/cli/', '^test/', TEST] },
      to: { path: '^libs/platform/services/' },
    },
    {
      name: 'testing-is-for-tests',
      comment: 'The program does not contain its tests.',
      severity: 'error',
      from: { pathNot: ['^libs/platform/testing/', '^test/', TEST] },
      to: { path: ['^libs/platform/testing/', '\\.fixture\\.ts$'] },
    },
    {
      name: 'platform-by-its-door',
      comment: 'Of a platform library others see index.ts.',
      severity: 'error',
      from: { path: '^(?:apps|libs|test)/(?:platform/)?([^/]+)/' },
      to: { path: '^libs/platform/', pathNot: ['^libs/platform/$1/', '^libs/platform/[^/]+/index\\.ts$'] },
    },
    {
      name: 'doors-by-alias',
      comment: 'Another library is named #crm/… or #platform/…, never by a path: the table of aliases is the map.',
      severity: 'error',
      from: { path: '^(apps/[^/]+|libs/schematics|libs/[^/]+/[^/]+|test)/' },
      to: { path: '^libs/', pathNot: '^$1/', dependencyTypesNot: ['aliased-subpath-import'] },
    },
    {
      name: 'no-import-of-own-index',
      comment:
        'Inside a library files name each other; the index is for other libraries, and importing it inside makes cycles.',
      severity: 'error',
      from: { path: '^(libs/[^/]+/[^/]+)/', pathNot: TEST },
      to: { path: '^$1/index\\.ts$' },
    },
    {
      name: 'migrations-import-no-code',
      comment: 'A migration must do next year what it does today.',
      severity: 'error',
      from: { path: '^migrations/' },
      to: { path: '^(apps|libs|test|docker)/' },
    },
    {
      name: 'no-one-imports-tests',
      comment: 'A spec is run, not imported.',
      severity: 'error',
      from: {},
      to: { path: SPEC },
    },
    {
      name: 'nothing-from-dist',
      comment: 'Sources import sources.',
      severity: 'error',
      from: { pathNot: STARTERS },
      to: { path: '(^|/)dist/', pathNot: 'node_modules/' },
    },
    {
      name: 'no-cycles',
      comment: 'A cycle means that two files are one.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'A file without imports and importers is dead.',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: [
          SPEC,
          '\\.d\\.ts$',
          '^apps/[^/]+/src/(main\\.tsx?|preflight\\.mjs)$',
          '^test/(global-(setup|teardown)\\.cjs|test-timeout\\.ts|bench/|architecture/)',
        ],
      },
      to: {},
    },
    {
      name: 'every-import-resolves',
      comment: 'Misspelt, or not installed.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '(^|/)dist/' },
    },
    {
      name: 'production-needs-no-dev-dependency',
      comment: 'Images have no development packages: they may only be loaded on demand.',
      severity: 'error',
      // The page has its libraries inside; the build is not run where those packages are left out.
      from: {
        path: '^(apps|libs|migrations)/',
        pathNot: [TEST, '^libs/platform/testing/', '^libs/schematics/', '^apps/console/', '^apps/cli/src/build\\.mjs$'],
      },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only', 'npm', 'dynamic-import'] },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^dist/'] },
    exclude: { path: '^libs/schematics/[^/]+/files/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ['source', 'import', 'node', 'default', 'types'],
      exportsFields: ['exports'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
