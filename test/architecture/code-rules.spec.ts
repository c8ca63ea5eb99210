import { relative } from 'node:path';
import { PlantedTree, runTool, TOOL_TIMEOUT_MS } from './planted-tree.js';

interface LintedFile {
  readonly filePath: string;
  readonly messages: readonly { readonly ruleId: string | null; readonly message: string; readonly severity: 1 | 2 }[];
}

/** What the linter says of each file, as `rule` or, for a warning, `rule (warns)`. */
function complaintsIn(root: string): Record<string, string[]> {
  const { stdout, stderr } = runTool('eslint/bin/eslint.js', ['-c', '.eslint.config.mjs', '-f', 'json', '.'], root);
  if (!stdout) throw new Error(stderr);
  const files = (JSON.parse(stdout) as LintedFile[]).filter(({ messages }) => messages.length > 0);
  return Object.fromEntries(
    files.map(({ filePath, messages }) => [
      relative(root, filePath),
      messages.map(({ ruleId, message, severity }) => `${ruleId ?? message}${severity === 1 ? ' (warns)' : ''}`),
    ]),
  );
}

const lines = (count: number): string => 'export {};\n'.repeat(count);
const body = (count: number): string =>
  `export function long(): void {\n${'  run();\n'.repeat(count)}}\nfunction run(): void {}\n`;

const MONEY = `
export const row = { amount: '1.00', net_total: '1.00', summary: '3', premiumAmount: '2.00', totals: '1.00' };
export declare const income: string;
`;

/** Code that must be let through: the house's own idioms. */
const LAWFUL: Record<string, string> = {
  'libs/crm/deals/count.ts': `${MONEY}export const count = Number(row.summary) + parseInt('10', 2) + Number('5') + income.length;\n`,
  'libs/crm/deals/deals.module.ts': `import { Module } from '@nestjs/common';\n\n@Module({})\nexport class DealsModule {}\n`,
  'libs/crm/deals/deals.controller.ts': `import { Controller, Get, HttpCode } from '@nestjs/common';
@Controller('deals')
export class DealsController {
  constructor(private readonly prefix: string) {}
  @Get()
  @HttpCode(200)
  list(): string {
    return this.prefix;
  }
}
`,
  'libs/platform/http/problem.ts': `import { HttpException } from '@nestjs/common';\nexport const gone = new HttpException('gone', 410);\n`,
  'libs/platform/http/request-id.ts':
    "import type { FastifyInstance } from 'fastify';\nexport const x = (f: FastifyInstance): unknown => f.addHook('onRequest', (_request, _reply, done) => done());\n",
  'libs/platform/config/env.ts': 'export const home = process.env.HOME;\n',
  'libs/platform/services/env.ts': 'export const home = process.env.HOME;\n',
  'libs/platform/persistence/index.ts': 'export class Aggregate {}\nexport class Database {}\n',
  'libs/crm/deals/deal.repository.ts':
    "import { Database } from '#platform/persistence';\nexport const x = Database;\n",
  'libs/crm/deals/stage.ts': 'export const x = `sum(extract(epoch FROM closed_at - created_at))::float8 AS seconds`;\n',
  'libs/crm/payments/lines.ts':
    "export const x = (day: string): number => Math.min(...'2026-03-02'.split('-').map(Number), day.length);\nexport const y = `sum(income)::text, payment_incomes, '10.00'::numeric`;\n",
  'apps/api/src/main.ts': 'export const home = process.env.HOME;\n',
  'apps/cli/src/say.ts': "console.log('started', process.env.HOME);\n",
  'test/setup.ts': "process.env.TZ = 'UTC';\n",
};

/** File, code, and the rules that must refuse it. */
const BREACHES: readonly (readonly [file: string, code: string, ...rules: string[]])[] = [
  ['libs/crm/payments/a.ts', `${MONEY}export const x = parseFloat(row.amount);\n`, 'no-restricted-syntax'],
  ['libs/crm/payments/b.ts', `export const x = Number.parseFloat('1');\n`, 'no-restricted-syntax'],
  ['libs/crm/payments/c.ts', `${MONEY}export const x = Number(row.net_total);\n`, 'no-restricted-syntax'],
  ['libs/crm/payments/d.ts', `${MONEY}export const x = Number(row.premiumAmount);\n`, 'no-restricted-syntax'],
  ['libs/crm/payments/e.ts', `${MONEY}export const x = +row.totals;\n`, 'no-restricted-syntax'],
  ['libs/crm/payments/f.spec.ts', `${MONEY}export const x = parseInt(income);\n`, 'no-restricted-syntax'],
  [
    'libs/crm/payments/g.ts',
    `${MONEY}export const x = Math.round(Number(row.summary)) + Math.max(row.amount);\n`,
    'no-restricted-syntax',
  ],
  ['libs/crm/payments/h.ts', `${MONEY}export const x = Number(row.amount.trim() || '0');\n`, 'no-restricted-syntax'],
  ['libs/crm/payments/i.ts', `${MONEY}export const x = [row.amount].map(Number);\n`, 'no-restricted-syntax'],
  ['libs/crm/payments/j.ts', 'export const x = `SELECT sum(x)::float8 FROM lines`;\n', 'no-restricted-syntax'],
  ['libs/crm/payments/k.entity.ts', "export const x = 'double precision';\n", 'no-restricted-syntax'],
  ['libs/crm/deals/u.ts', 'export const x = `SELECT sum(m.amount)::float8 FROM m`;\n', 'no-restricted-syntax'],
  ['libs/crm/deals/v.ts', "export const x = 'SELECT CAST(premium_amount AS real)';\n", 'no-restricted-syntax'],
  ['libs/crm/deals/w.ts', "export const x = 'SELECT float8(coverage_sum)';\n", 'no-restricted-syntax'],
  [
    'migrations/1764000009000-fees.ts',
    'export const x = `ADD COLUMN fee_total double precision`;\n',
    'no-restricted-syntax',
  ],
  ['migrations/1764000009000-payments-fee.ts', 'export const x = `ADD COLUMN fee real`;\n', 'no-restricted-syntax'],
  ['libs/crm/deals/a.ts', 'export default class Deal {}\n', 'no-restricted-syntax'],
  ['libs/crm/deals/b.ts', 'const deal = 1;\nexport { deal as default };\n', 'no-restricted-syntax'],
  ['libs/crm/deals/c.ts', 'export const x = (y: any): unknown => y;\n', '@typescript-eslint/no-explicit-any'],
  [
    'libs/crm/deals/d.ts',
    'export const x = async (): Promise<void> => {};\nx();\n',
    '@typescript-eslint/no-floating-promises',
  ],
  ['libs/crm/deals/e.ts', "console.log('deal');\nexport {};\n", 'no-console'],
  ['libs/crm/deals/f.ts', 'export const x = process.env.HOME;\n', 'no-restricted-properties'],
  ['apps/api/src/app.ts', 'export const x = process.env.HOME;\n', 'no-restricted-properties'],
  ['libs/crm/deals/g.ts', "import { env } from 'node:process';\nexport const x = env.HOME;\n", 'no-restricted-imports'],
  [
    'libs/crm/deals/h.ts',
    "import { forwardRef } from '@nestjs/common';\nexport const x = forwardRef(() => 1);\n",
    'no-restricted-imports',
  ],
  [
    'libs/crm/deals/i.ts',
    "import { NotFoundException } from '@nestjs/common';\nexport const x = new NotFoundException();\n",
    'no-restricted-imports',
  ],
  [
    'libs/crm/deals/commands/a.command.ts',
    "import { HttpStatus } from '@nestjs/common';\nexport const x = HttpStatus.OK;\n",
    'no-restricted-imports',
  ],
  [
    'libs/crm/deals/deal.entity.ts',
    "import { Aggregate, Database } from '#platform/persistence';\nexport const x = [Aggregate, Database];\n",
    'no-restricted-imports',
  ],
  ['libs/crm/deals/j.ts', lines(301), 'house/split-soon (warns)'],
  ['libs/crm/deals/k.ts', lines(401), 'house/split-soon (warns)', 'max-lines'],
  ['libs/crm/deals/l.ts', body(49), 'max-lines-per-function'],
  [
    'libs/crm/deals/m.ts',
    `import { Injectable } from '@nestjs/common';
@Injectable()
export class Wide {
  constructor(
    readonly a: string,
    readonly b: string,
    readonly c: string,
    readonly d: string,
    readonly e: string,
    readonly f: string,
  ) {}
}
`,
    'no-restricted-syntax',
  ],
  ['libs/crm/deals/n.ts', '// TODO: later\nexport {};\n', 'no-warning-comments'],
  [
    'libs/crm/deals/o.ts',
    '/* eslint-disable */\nconsole.log(1);\nexport {};\n',
    "'/* eslint-disable */' has no effect because you have 'noInlineConfig' setting in your config. (warns)",
    'no-console',
  ],
  ['libs/crm/deals/p.ts', "// @ts-ignore\nexport const x = 'y';\n", '@typescript-eslint/ban-ts-comment'],
  ['libs/crm/deals/s.ts', 'export class DealManager {}\n', '@typescript-eslint/naming-convention'],
  ['libs/crm/deals/t.ts', 'export interface IDeal {\n  id: string;\n}\n', '@typescript-eslint/naming-convention'],
  [
    'libs/platform/http/a.ts',
    "import { METHOD_METADATA } from '@nestjs/common/internal';\nexport const x = METHOD_METADATA;\n",
    'no-restricted-imports',
  ],
  [
    'libs/crm/deals/commands/b.command.ts',
    "import { ContextUtils } from '@nestjs/core/helpers/context-utils.js';\nexport const x = ContextUtils;\n",
    'no-restricted-imports',
  ],
  [
    'libs/platform/http/b.ts',
    "export const x = (target: object): unknown => Reflect.get(target, '__routeArguments__');\n",
    'no-restricted-syntax',
  ],
  [
    'libs/platform/http/c.ts',
    'export const x = (target: object, ROUTE_ARGS_METADATA: string): unknown => Reflect.get(target, ROUTE_ARGS_METADATA);\n',
    'no-restricted-syntax',
    'no-restricted-syntax',
  ],
  [
    'libs/platform/http/d.ts',
    "import 'reflect-metadata';\nexport const x = (target: object): void => Reflect.defineMetadata('a', 1, target);\n",
    'no-restricted-syntax',
  ],
  [
    'libs/platform/http/e.ts',
    "import type { FastifyInstance } from 'fastify';\nexport const x = (f: FastifyInstance): unknown => f.addHook('preHandler', (_request, _reply, done) => done());\n",
    'no-restricted-syntax',
  ],
  ['libs/crm/deals/q.spec.ts', "it.only('x', () => {});\n", 'no-restricted-syntax'],
  ['libs/crm/deals/r.spec.ts', "xdescribe('x', () => {});\n", 'no-restricted-syntax'],
];

jest.setTimeout(TOOL_TIMEOUT_MS);

describe('code', () => {
  let tree: PlantedTree;

  beforeAll(() => {
    const planted = BREACHES.map(([file, code]) => [file, code] as const);
    tree = new PlantedTree(new Map([...Object.entries(LAWFUL), ...planted]));
  });

  afterAll(() => {
    tree.fell();
  });

  it('that breaks a rule is refused by that rule: no floats for money, no any, no environment, no HTTP where none belongs', () => {
    const expected = Object.fromEntries(BREACHES.map(([file, , ...rules]) => [file, rules]));
    expect(complaintsIn(tree.root)).toEqual(expected);
  });
});
