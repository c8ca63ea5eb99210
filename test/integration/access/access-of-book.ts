import {
  type AccessRules,
  type Answers,
  type CallerRule,
  CHANGED,
  CREATED,
  OUTSIDERS,
  READ,
  READ_DEAL,
  REMOVED,
  ROWS,
} from './access-rules.js';

const CHANGE_DEAL: Answers = { seller: [200, 404, 404, 404], executor: [404, 200, 404, 404], ...CHANGED };
const STREAM: CallerRule = {
  isStream: true,
  statuses: { seller: 200, executor: 200, ...READ, service: 200 },
};

const EVERYBODY: CallerRule['statuses'] = {
  seller: 200,
  executor: 200,
  ...READ,
  service: 200,
  roleless: 200,
  stranger: 200,
};

/** Clients, deals, journals, streams and the event catalogue. */
export const ACCESS_OF_BOOK: AccessRules = {
  'GET /api/v1/clients': {
    lists: 'client',
    shows: {
      seller: ['own', 'ofOwnDeal'],
      executor: ['ofAssignedDeal'],
      finance: ROWS.client,
      lead: ROWS.client,
      admin: ROWS.client,
      ...OUTSIDERS,
    },
  },
  'POST /api/v1/clients': {
    body: () => ({ name: 'Новый', kind: 'person' }),
    statuses: { seller: 201, executor: 403, ...CREATED },
  },
  'GET /api/v1/clients/{id}': {
    about: 'client',
    answers: { seller: [200, 200, 404, 404, 404], executor: [404, 404, 200, 404, 404], ...READ },
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
  'POST /api/v1/clients/{id}/merge': {
    about: 'client',
    given: 'anotherClient',
    body: ({ another_id: intoId }) => ({ into_id: intoId }),
    answers: { seller: [200, 200, 404, 404, 404], executor: [404, 404, 403, 404, 404], ...CHANGED },
  },
  'GET /api/v1/deals': {
    lists: 'deal',
    shows: {
      seller: ['own'],
      executor: ['assigned'],
      finance: ROWS.deal,
      lead: ROWS.deal,
      admin: ROWS.deal,
      ...OUTSIDERS,
    },
  },
  'GET /api/v1/deals/stage-metrics': {
    counts: 'deal',
    shows: { seller: ['own'], executor: 403, finance: ROWS.deal, lead: ROWS.deal, admin: ROWS.deal, ...OUTSIDERS },
  },
  'POST /api/v1/deals': {
    about: 'client',
    body: ({ id }) => ({ client_id: id, title: 'ОСАГО', next_review_at: '2026-03-10' }),
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
  'GET /api/v1/journal': { statuses: { seller: 403, executor: 403, ...READ } },
  'GET /api/v1/deals/{id}/journal/verify': { about: 'deal', answers: READ_DEAL },
  'GET /api/v1/events/catalogue': { statuses: { ...EVERYBODY, stranger: 401 } },
  'GET /api/v1/asyncapi.json': { statuses: EVERYBODY },
  'GET /api/v1/schemas/{type}': { names: { type: 'crm.deal.created' }, statuses: EVERYBODY },
  'GET /streams': STREAM,
  'GET /streams/deals': STREAM,
  'GET /api/v1/streams/deals': STREAM,
};
