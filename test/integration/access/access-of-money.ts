import { LINE, PLANNED } from '../../support/money.js';
import { type AccessRule, type AccessRules, type Answers, OUTSIDERS, READ_DEAL } from './access-rules.js';

/** The deal's seller and finance change payments; a lead reads them. */
const EDIT = (status: number): Answers => ({
  seller: [status, 404, 404, 404],
  executor: [404, status, 404, 404],
  finance: status,
  lead: 403,
  admin: status,
  ...OUTSIDERS,
});
/** Decisions of finance only. */
const DECIDE: Answers = {
  seller: [403, 404, 404, 404],
  executor: [404, 403, 404, 404],
  finance: 200,
  lead: 403,
  admin: 200,
  ...OUTSIDERS,
};

const SCHEDULE = { amount: '100.00', currency: 'RUB', instalments: 3, first_date: '2026-04-01', every: 'month' };
const about = 'deal' as const;

/** Each route exists twice: under the deal, and under a policy of it. */
const UNDER_PAYMENTS: Readonly<Record<string, AccessRule>> = {
  'GET ': { about, given: 'payment', answers: READ_DEAL },
  'POST ': { about, given: 'policy', body: () => PLANNED, answers: EDIT(201) },
  'POST /schedule': { about, given: 'policy', body: () => SCHEDULE, answers: EDIT(200) },
  'GET /summary': { about, given: 'payment', answers: READ_DEAL },
  'GET /{pid}': { about, given: 'payment', answers: READ_DEAL },
  'PATCH /{pid}': { about, given: 'payment', body: () => ({ comment: 'позже' }), answers: EDIT(200) },
  'PATCH /{pid} (is_deleted)': { about, given: 'payment', body: () => ({ is_deleted: true }), answers: EDIT(200) },
  'PATCH /{pid} (status)': { about, given: 'payment', body: () => ({ status: 'cancelled' }), answers: DECIDE },
  'DELETE /{pid}': { about, given: 'payment', answers: EDIT(204) },
  'POST /{pid}/confirm': { about, given: 'payment', body: () => ({}), answers: DECIDE },
  'POST /{pid}/cancel': { about, given: 'payment', answers: DECIDE },
  ...linesOf('incomes', 'income'),
  ...linesOf('expenses', 'expense'),
};

function linesOf(lines: string, given: 'income' | 'expense'): Record<string, AccessRule> {
  return {
    [`POST /{pid}/${lines}`]: { about, given: 'payment', body: () => LINE, answers: EDIT(201) },
    [`PATCH /{pid}/${lines}/{lid}`]: { about, given, body: () => ({ amount: '5.00' }), answers: EDIT(200) },
    [`PATCH /{pid}/${lines}/{lid} (is_deleted)`]: {
      about,
      given,
      body: () => ({ is_deleted: true }),
      answers: EDIT(200),
    },
    [`DELETE /{pid}/${lines}/{lid}`]: { about, given, answers: EDIT(204) },
  };
}

const ALL = ['own', 'assigned', 'foreign', 'unowned'];
/** The list of all deals' payments. */
const OF_ALL_DEALS: AccessRule = {
  lists: 'payment',
  shows: { seller: ['own'], executor: ['assigned'], finance: ALL, lead: ALL, admin: ALL, ...OUTSIDERS },
};

/** Payments and their lines. */
export const ACCESS_OF_MONEY: AccessRules = Object.fromEntries([
  ['GET /api/v1/payments', OF_ALL_DEALS],
  ...['/api/v1/deals/{id}/payments', '/api/v1/deals/{id}/policies/{policy_id}/payments'].flatMap((prefix) =>
    Object.entries(UNDER_PAYMENTS).map(([use, rule]) => [use.replace(' ', ` ${prefix}`), rule]),
  ),
]);
