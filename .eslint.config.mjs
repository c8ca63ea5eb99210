import { builtinRules } from 'eslint/use-at-your-own-risk';
import tseslint from 'typescript-eslint';

const MONEY_WORDS = 'amount|total|premium|sum|money|price|income|expense|commission|discount|payout';
const CAPITALISED = MONEY_WORDS.replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
/** `amount`, `netTotal`, `incomes_total`, `premiumAmount`, but neither `summary` nor `consumer`. */
const MONEY_NAME = `/((^|_)(${MONEY_WORDS})|(${CAPITALISED}))s?($|_|[A-Z0-9])/`;
/** A variable or a member of an object alike. */
const MONEY = `Identifier[name=${MONEY_NAME}]`;
/** A column of money, and PostgreSQL's words for a float. */
const MONEY_COLUMN = `(${MONEY_WORDS})s?(_\\w+)?`;
const SQL_FLOAT = '(float[48]?|real|double precision)';
const FLOAT = 'Money is decimal text or Money, never a float.';

const NO_FLOATS = [
  { selector: "CallExpression[callee.name='parseFloat']", message: FLOAT },
  { selector: "MemberExpression[property.name='parseFloat']", message: FLOAT },
  { selector: `CallExpression[callee.name=/^(Number|parseInt)$/] ${MONEY}`, message: FLOAT },
  { selector: `CallExpression[callee.object.name=/^(Number|Math)$/] ${MONEY}`, message: FLOAT },
  { selector: `UnaryExpression[operator='+'] ${MONEY}`, message: FLOAT },
  { selector: `CallExpression[arguments.0.name='Number'] > MemberExpression.callee ${MONEY}`, message: FLOAT },
];
const NO_MONEY_AS_FLOAT_IN_SQL = [
  ...['Literal[value', 'TemplateElement[value.raw'].map((text) => ({
    selector: `${text}=/${MONEY_COLUMN}[^a-z]{0,4}(as\\s+)?${SQL_FLOAT}|${SQL_FLOAT}\\s*\\([^)]*${MONEY_COLUMN}/i]`,
    message: FLOAT,
  })),
];
/** Where nothing but money is counted, SQL and columns know no float at all. */
const NO_FLOATS_IN_SQL = ['Literal[value', 'TemplateElement[value.raw'].map((text) => ({
  selector: `${text}=/(^|[^a-z_])${SQL_FLOAT}([^a-z_]|$)/i]`,
  message: FLOAT,
}));

const NO_DEFAULT_EXPORTS = [
  { selector: 'ExportDefaultDeclaration', message: 'Export it by name: a name that is the same everywhere is found.' },
  { selector: "ExportSpecifier[exported.name='default']", message: 'Export it by name.' },
];

const FEW_DEPENDENCIES = [
  {
    selector:
      "ClassDeclaration:has(> Decorator) > ClassBody > MethodDefinition[kind='constructor'] > FunctionExpression[params.length>5]",
    message: 'A class that needs more than five others does too much: split it.',
  },
];

const NO_NARROWED_TESTS = [
  {
    selector: 'MemberExpression[object.name=/^(it|test|describe)$/][property.name=/^(only|skip|todo|failing)$/]',
    message: 'A test runs or is deleted.',
  },
  { selector: 'CallExpression[callee.name=/^(x|f)(it|test|describe)$/]', message: 'A test runs or is deleted.' },
];

/** A request goes through guards, pipes, interceptors and the filter of NestJS: see docs/decisions/0024. */
const NO_DEFINED_METADATA = [
  {
    selector: "CallExpression[callee.object.name='Reflect'][callee.property.name='defineMetadata']",
    message: 'Use SetMetadata or Reflector.createDecorator.',
  },
];
const NO_REWRITTEN_ROUTES = [
  ...NO_DEFINED_METADATA,
  {
    selector: ":matches(Identifier[name='ROUTE_ARGS_METADATA'], Literal[value='__routeArguments__'])",
    message: 'Declare parameters with decorators; a pipe gets their metadata.',
  },
];
const NO_HOOKS_AFTER_ROUTING = [
  {
    selector:
      "CallExpression[callee.property.name='addHook'][arguments.0.value=/^(preValidation|preHandler|preSerialization|onSend|onError)$/]",
    message: 'Hooks are for what precedes routing: use a guard, a pipe, an interceptor or a filter.',
  },
];
const NO_NESTJS_INTERNALS = {
  group: ['@nestjs/*/*'],
  message: 'Use what the package exports at its root: its internals change without notice.',
};

const NO_ENV_IMPORT = {
  name: 'node:process',
  message: 'Use the global `process`; its `env` is read by #platform/config.',
};
const NO_FORWARD_REF = {
  name: '@nestjs/common',
  importNames: ['forwardRef'],
  message: 'Break the cycle: listen to an event, or ask through contracts.',
};
const NO_HTTP_EXCEPTIONS = {
  group: ['@nestjs/common'],
  importNamePattern: 'Exception$',
  message: 'Throw DomainError; only platform/http knows status codes.',
};
const NO_HTTP_NAMES = {
  group: ['@nestjs/common'],
  importNamePattern:
    'Exception$|^(Http.*|Controller|Get|Post|Put|Patch|Delete|Req|Request|Res|Response|Headers|Query|Body|Param|Header|Redirect)$',
  message: 'Commands, queries, subscribers and jobs know no HTTP.',
};

const BASE_CLASS_ALONE = {
  name: '#platform/persistence',
  allowImportNames: ['Aggregate'],
  message: 'Rules know no database: only the base class comes from there.',
};

const SPECS = ['**/*.{spec,int-spec,e2e-spec,fixture}.ts'];
const TESTS = [...SPECS, 'test/**', 'libs/platform/testing/**'];

/** The core rule under a name of its own, so that one limit can warn before the other stops. */
const house = { rules: { 'split-soon': builtinRules.get('max-lines') } };

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', 'dist-*/', '.data/', 'coverage/', 'libs/schematics/*/files/'] },
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Modules are empty classes under a decorator, and a class of statics is a fair name for a scope.
      '@typescript-eslint/no-extraneous-class': 'off',
      // noUncheckedIndexedAccess requires `!` wherever an index is known to be inside.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      // Digits and words of our own are taken apart, never emojis.
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // Libraries declare narrower types than they give: numeric codes as enums, a pipe that is a Socket as Writable.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/no-invalid-void-type': ['error', { allowInGenericTypeArguments: true }],
      // A field can change while something is awaited; the rule believes that it can't.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unnecessary-type-arguments': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowNever: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/consistent-type-definitions': 'error',
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: 'typeLike',
          format: ['PascalCase'],
          custom: { regex: '(Manager|Helpers?|Utils?|Data|Info|Impl)$|^I[A-Z][a-z]', match: false },
        },
      ],
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['**/*.{ts,tsx,mjs,cjs}'],
    plugins: { house },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx', 'hack'] }],
      'max-lines': ['error', { max: 400 }],
      'house/split-soon': ['warn', { max: 300 }],
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only #platform/config reads the environment.' },
      ],
      'no-restricted-imports': [
        'error',
        { paths: [NO_ENV_IMPORT, NO_FORWARD_REF], patterns: [NO_NESTJS_INTERNALS, NO_HTTP_EXCEPTIONS] },
      ],
      'no-restricted-syntax': [
        'error',
        ...NO_FLOATS,
        ...NO_MONEY_AS_FLOAT_IN_SQL,
        ...NO_DEFAULT_EXPORTS,
        ...FEW_DEPENDENCIES,
        ...NO_REWRITTEN_ROUTES,
      ],
    },
  },
  {
    // A plugin of Fastify in apps/ has no guards and interceptors.
    files: ['libs/**'],
    ignores: TESTS,
    rules: {
      'no-restricted-syntax': [
        'error',
        ...NO_FLOATS,
        ...NO_MONEY_AS_FLOAT_IN_SQL,
        ...NO_DEFAULT_EXPORTS,
        ...FEW_DEPENDENCIES,
        ...NO_REWRITTEN_ROUTES,
        ...NO_HOOKS_AFTER_ROUTING,
      ],
    },
  },
  {
    files: ['libs/crm/payments/**', 'migrations/*payments*'],
    ignores: TESTS,
    rules: {
      'no-restricted-syntax': [
        'error',
        ...NO_FLOATS_IN_SQL,
        ...NO_FLOATS,
        ...NO_DEFAULT_EXPORTS,
        ...FEW_DEPENDENCIES,
        ...NO_REWRITTEN_ROUTES,
        ...NO_HOOKS_AFTER_ROUTING,
      ],
    },
  },
  {
    files: ['apps/**', 'libs/**'],
    ignores: TESTS,
    rules: { 'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }] },
  },
  {
    files: ['libs/platform/config/**', 'libs/platform/services/**', 'apps/*/src/main.ts', 'apps/cli/**', ...TESTS],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['apps/cli/**', 'libs/schematics/command-line.ts', 'test/bench/**', '**/*.mjs'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['libs/platform/http/**', ...TESTS],
    rules: {
      'no-restricted-imports': ['error', { paths: [NO_ENV_IMPORT, NO_FORWARD_REF], patterns: [NO_NESTJS_INTERNALS] }],
    },
  },
  {
    // They only find out which parts of a request a handler takes.
    files: ['libs/platform/http/validation/declared-input.guard.ts'],
    rules: {
      'no-restricted-imports': ['error', { paths: [NO_ENV_IMPORT, NO_FORWARD_REF] }],
      'no-restricted-syntax': [
        'error',
        ...NO_DEFAULT_EXPORTS,
        ...FEW_DEPENDENCIES,
        ...NO_DEFINED_METADATA,
        ...NO_HOOKS_AFTER_ROUTING,
      ],
    },
  },
  {
    files: ['libs/crm/**/*.{entity,event,events,error,errors}.ts'],
    rules: {
      // Columns are written by the mapping.
      '@typescript-eslint/prefer-readonly': 'off',
      'no-restricted-imports': [
        'error',
        {
          paths: [NO_ENV_IMPORT, NO_FORWARD_REF, BASE_CLASS_ALONE],
          patterns: [NO_NESTJS_INTERNALS, NO_HTTP_EXCEPTIONS],
        },
      ],
    },
  },
  {
    files: ['libs/crm/*/{commands,queries,subscribers,jobs}/**'],
    ignores: SPECS,
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: [NO_ENV_IMPORT, NO_FORWARD_REF], patterns: [NO_NESTJS_INTERNALS, NO_HTTP_NAMES] },
      ],
    },
  },
  {
    files: TESTS,
    rules: {
      'no-restricted-syntax': [
        'error',
        ...NO_FLOATS,
        ...NO_DEFAULT_EXPORTS,
        ...NO_NARROWED_TESTS,
        ...NO_REWRITTEN_ROUTES,
      ],
      // Jest's asymmetric matchers and parsed answers are `any`.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // ESLint takes its configuration as a default export.
    files: ['.eslint.config.mjs'],
    rules: { 'no-restricted-syntax': ['error', ...NO_FLOATS] },
  },
);
