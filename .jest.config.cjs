const esmOnly =
  '@nestjs|file-type|strtok3|token-types|uint8array-extras|@tokenizer|load-esm|es-toolkit|@borewit|cookie|@golevelup|content-disposition';
const base = {
  rootDir: __dirname,
  transform: {
    '^.+\\.[cm]?[jt]s$': [
      '@swc/jest',
      {
        swcrc: false,
        jsc: {
          target: 'es2023',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
        module: { type: 'commonjs' },
      },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly})/)`],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  setupFilesAfterEnv: ['<rootDir>/test/test-timeout.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.data/'],
};

/**
 * Suites of `npm run test:slow`: browsers, generators in a fresh copy, storms of faults, large books. `npm test` runs
 * all others; test/architecture/suites.spec.ts checks that each suite belongs to exactly one of the two.
 */
const slowSuites = [
  '/test/(faults|fuzz|storm)/[a-z-]+\\.e2e-spec\\.ts$',
  '/test/e2e/(broker-scenario|catching-up|console|database-roles|generators)\\.e2e-spec\\.ts$',
  '/test/e2e/(nginx|operations|pages|restore-drill|start|subscriber-example)\\.e2e-spec\\.ts$',
  '/test/integration/[a-z]+/(demo|list-plans|log-partitions|payment-histories|payment-races|query-plans|read-replica)\\.int-spec\\.ts$',
  '/libs/platform/(jobs/redis-outage|messaging/outbox/log-plans|services/services)\\.int-spec\\.ts$',
  '/libs/platform/persistence/connection/lost-connections\\.int-spec\\.ts$',
];
const butSlow = { testPathIgnorePatterns: ['/node_modules/', ...slowSuites] };

/** Run once in all, and only when tests of a project that has them run. */
const servers = {
  globalSetup: '<rootDir>/test/global-setup.cjs',
  globalTeardown: '<rootDir>/test/global-teardown.cjs',
  setupFilesAfterEnv: [...base.setupFilesAfterEnv, '<rootDir>/test/event-audit.ts'],
};

module.exports = {
  // A worker that has loaded the service some dozen times spends its time on collecting garbage.
  workerIdleMemoryLimit: '1GB',
  projects: [
    { ...base, displayName: 'unit', testMatch: ['<rootDir>/{apps,libs}/**/*.spec.ts'] },
    { ...base, displayName: 'architecture', testMatch: ['<rootDir>/test/architecture/**/*.spec.ts'] },
    {
      ...base,
      displayName: 'integration',
      testMatch: ['<rootDir>/{libs,test}/**/*.int-spec.ts'],
      ...butSlow,
      ...servers,
    },
    {
      ...base,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/e2e/**/*.e2e-spec.ts'],
      ...butSlow,
      ...servers,
    },
    { ...base, displayName: 'slow', testRegex: slowSuites, ...servers },
  ],
};
