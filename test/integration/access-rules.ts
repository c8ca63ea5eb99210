/**
 * Who may do what on which rows, route by route: the whole of the rules in one table. A route without a line here
 * fails access-matrix.int-spec.ts.
 */

/** Who asks: somebody with one role, `nobody` with a token without roles, a `stranger` without a token. */
export const ASKERS = ['seller', 'executor', 'finance', 'lead', 'admin', 'service', 'nobody', 'stranger'] as const;
export type Asker = (typeof ASKERS)[number];

/** A deal that the asker owns, carries out, has nothing to do with, or that nobody owns or carries out. */
export const DEAL_ROWS = ['own', 'assigned', 'foreign', 'unowned'] as const;
/** A client that the asker owns, that has a deal which the asker owns or carries out, another's, or nobody's. */
export const CLIENT_ROWS = ['own', 'ofOwnDeal', 'ofAssignedDeal', 'foreign', 'unowned'] as const;

/** Row by row what is answered; one status for all of them. */
type Answers = Readonly<Record<Asker, number | readonly number[]>>;
/** Which rows a list shows, and counts; or the status of its refusal. */
type Shown<R> = Readonly<Record<Asker, number | readonly R[]>>;

/** A route that is about one row: `{id}` of its path, or for the creation of a deal the client of its body. */
export interface RowRule {
  readonly about: 'deal' | 'client';
  /** @param id of the row. */
  readonly body?: (id: string) => object;
  readonly answers: Answers;
}

export interface ListRule {
  readonly lists: 'deals' | 'clients';
  readonly shows: Shown<string>;
}

/** A funnel instead of a list: rows out of scope are not counted. */
export interface CountRule {
  readonly counts: 'deals';
  readonly shows: Shown<(typeof DEAL_ROWS)[number]>;
}

/** A route whose answer depends on the asker alone. */
export interface AskerRule {
  readonly body?: () => object;
  /** The answer goes on until it is cut off. */
  readonly isStream?: true;
  readonly statuses: Readonly<Record<Asker, number>>;
}

export type AccessRule = RowRule | ListRule | CountRule | AskerRule;

/** No role of a person: what is refused to those who know nobody here. */
const OUTSIDERS = { service: 403, nobody: 403, stranger: 401 } as const;
const CHANGED = { finance: 403, lead: 200, admin: 200, ...OUTSIDERS } as const;
const REMOVED = { finance: 403, lead: 204, admin: 204, ...OUTSIDERS } as const;
const CREATED = { finance: 403, lead: 201, admin: 201, ...OUTSIDERS } as const;

const READ_DEAL: Answers = {
  seller: [200, 404, 404, 404],
  executor: [404, 200, 404, 404],
  finance: 200,
  lead: 200,
  admin: 200,
  ...OUTSIDERS,
};
const CHANGE_DEAL: Answers = { seller: [200, 404, 404, 404], executor: [404, 200, 404, 404], ...CHANGED };
const STREAM: AskerRule = {
  isStream: true,
  statuses: {
    seller: 200,
    executor: 200,
    finance: 200,
    lead: 200,
    admin: 200,
    service: 200,
    nobody: 403,
    stranger: 401,
  },
};

/** By method and path; words in brackets tell two uses of one route apart. */
export const ACCESS_RULES: Readonly<Record<string, AccessRule>> = {
  'GET /api/v1/clients': {
    lists: 'clients',
    shows: {
      seller: ['own', 'ofOwnDeal'],
      executor: ['ofAssignedDeal'],
      finance: CLIENT_ROWS,
      lead: CLIENT_ROWS,
      admin: CLIENT_ROWS,
      ...OUTSIDERS,
    },
  },
  'POST /api/v1/clients': {
    body: () => ({ name: 'Новый', kind: 'person' }),
    statuses: { seller: 201, executor: 403, ...CREATED },
  },
  'GET /api/v1/clients/{id}': {
    about: 'client',
    answers: {
      seller: [200, 200, 404, 404, 404],
      executor: [404, 404, 200, 404, 404],
      finance: 200,
      lead: 200,
      admin: 200,
      ...OUTSIDERS,
    },
  },
  'PATCH /api/v1/clients/{id}': {
    about: 'client',
    body: () => ({ name: 'Другое имя' }),
    answers: { seller: [200, 200, 404, 404, 404], executor: [404, 404, 403, 404, 404], ...CHANGED },
  },
  'PATCH /api/v1/clients/{id} (owner)': {
    about: 'client',
    body: () => ({ owner_id: 'b0000000-0000-7000-8000-000000000001' }),
    answers: { seller: [403, 403, 404, 404, 404], executor: [404, 404, 403, 404, 404], ...CHANGED },
  },
  'PATCH /api/v1/clients/{id} (is_deleted)': {
    about: 'client',
    body: () => ({ is_deleted: true }),
    answers: {
      seller: [200, 409, 404, 404, 404],
      executor: [404, 404, 403, 404, 404],
      ...CHANGED,
      lead: [200, 409, 409, 200, 200],
      admin: [200, 409, 409, 200, 200],
    },
  },
  'DELETE /api/v1/clients/{id}': {
    about: 'client',
    answers: {
      seller: [204, 409, 404, 404, 404],
      executor: [404, 404, 403, 404, 404],
      ...REMOVED,
      lead: [204, 409, 409, 204, 204],
      admin: [204, 409, 409, 204, 204],
    },
  },
  'GET /api/v1/deals': {
    lists: 'deals',
    shows: {
      seller: ['own'],
      executor: ['assigned'],
      finance: DEAL_ROWS,
      lead: DEAL_ROWS,
      admin: DEAL_ROWS,
      ...OUTSIDERS,
    },
  },
  'GET /api/v1/deals/stage-metrics': {
    counts: 'deals',
    shows: { seller: ['own'], executor: 403, finance: DEAL_ROWS, lead: DEAL_ROWS, admin: DEAL_ROWS, ...OUTSIDERS },
  },
  'POST /api/v1/deals': {
    about: 'client',
    body: (id) => ({ client_id: id, title: 'ОСАГО', next_review_at: '2026-03-10' }),
    answers: { seller: [201, 201, 404, 404, 404], executor: 403, ...CREATED },
  },
  'GET /api/v1/deals/{id}': { about: 'deal', answers: READ_DEAL },
  'PATCH /api/v1/deals/{id}': { about: 'deal', body: () => ({ title: 'ОСАГО' }), answers: CHANGE_DEAL },
  'PATCH /api/v1/deals/{id} (is_deleted)': {
    about: 'deal',
    body: () => ({ is_deleted: true }),
    answers: { seller: [200, 404, 404, 404], executor: [404, 403, 404, 404], ...CHANGED },
  },
  'DELETE /api/v1/deals/{id}': {
    about: 'deal',
    answers: { seller: [204, 404, 404, 404], executor: [404, 403, 404, 404], ...REMOVED },
  },
  'PATCH /api/v1/deals/{id}/stage': { about: 'deal', body: () => ({ stage: 'proposal' }), answers: CHANGE_DEAL },
  'PATCH /api/v1/deals/{id}/assignment': {
    about: 'deal',
    body: () => ({ executor_id: 'b0000000-0000-7000-8000-000000000002' }),
    answers: { seller: [403, 404, 404, 404], executor: [404, 403, 404, 404], ...CHANGED },
  },
  'GET /api/v1/deals/{id}/journal': { about: 'deal', answers: READ_DEAL },
  'POST /api/v1/deals/{id}/journal': {
    about: 'deal',
    body: () => ({ body: 'Звонил' }),
    answers: { seller: [201, 404, 404, 404], executor: [404, 201, 404, 404], ...CREATED },
  },
  'GET /api/v1/deals/{id}/journal/verify': { about: 'deal', answers: READ_DEAL },
  'GET /streams': STREAM,
  'GET /streams/deals': STREAM,
  'GET /api/v1/streams/deals': STREAM,
};
