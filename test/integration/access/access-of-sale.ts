import { newId } from '#platform/kernel';
import { policyNumber, WHOLE_POLICY, WHOLE_QUOTE } from '../../support/sale.js';
import {
  type AccessRules,
  type Answers,
  CHANGED,
  CREATED,
  OUTSIDERS,
  READ,
  READ_DEAL,
  REMOVED,
  ROWS,
} from './access-rules.js';

/** Parts of a deal: members of the deal change them. */
const CHANGE: Answers = { seller: [200, 404, 404, 404], executor: [404, 200, 404, 404], ...CHANGED };
const CREATE: Answers = { seller: [201, 404, 404, 404], executor: [404, 201, 404, 404], ...CREATED };
/** Work that an executor prepares and a seller decides. */
const DECIDE: Answers = { seller: [200, 404, 404, 404], executor: [404, 403, 404, 404], ...CHANGED };

const READ_CLIENT: Answers = { seller: [200, 200, 404, 404, 404], executor: [404, 404, 200, 404, 404], ...READ };

const SELLERS_POLICIES = <T>(yes: T, no: T) => [yes, no, no, no, yes, no];
const EXECUTORS_POLICIES = <T>(yes: T, no: T) => [no, yes, no, no, no, no];
const READ_POLICY: Answers = {
  seller: SELLERS_POLICIES(200, 404),
  executor: EXECUTORS_POLICIES(200, 404),
  ...READ,
};
const CHANGE_POLICY: Answers = { ...READ_POLICY, ...CHANGED };
const REMOVE_POLICY: Answers = {
  seller: SELLERS_POLICIES(204, 404),
  executor: EXECUTORS_POLICIES(204, 404),
  ...REMOVED,
};
const CREATE_POLICY: Answers = {
  seller: SELLERS_POLICIES(201, 404),
  executor: EXECUTORS_POLICIES(201, 404),
  ...CREATED,
};

const policy = (subject: object): object => ({ ...WHOLE_POLICY, policy_number: policyNumber(), ...subject });
const document = (): object => ({ document_id: newId() });

/** Quotes, policies and documents. */
export const ACCESS_OF_SALE: AccessRules = {
  'GET /api/v1/deals/{id}/quotes': { about: 'deal', given: 'draftQuote', answers: READ_DEAL },
  'POST /api/v1/deals/{id}/quotes': { about: 'deal', body: () => WHOLE_QUOTE, answers: CREATE },
  'GET /api/v1/deals/{id}/quotes/compare': { about: 'deal', given: 'readyQuote', answers: READ_DEAL },
  'GET /api/v1/deals/{id}/quotes/{qid}': { about: 'deal', given: 'draftQuote', answers: READ_DEAL },
  'PATCH /api/v1/deals/{id}/quotes/{qid}': {
    about: 'deal',
    given: 'draftQuote',
    body: () => ({ comments: 'с франшизой' }),
    answers: CHANGE,
  },
  'PATCH /api/v1/deals/{id}/quotes/{qid} (is_deleted)': {
    about: 'deal',
    given: 'draftQuote',
    body: () => ({ is_deleted: true }),
    answers: DECIDE,
  },
  'DELETE /api/v1/deals/{id}/quotes/{qid}': {
    about: 'deal',
    given: 'draftQuote',
    answers: { seller: [204, 404, 404, 404], executor: [404, 403, 404, 404], ...REMOVED },
  },
  'POST /api/v1/deals/{id}/quotes/{qid}/status (ready)': {
    about: 'deal',
    given: 'draftQuote',
    body: () => ({ status: 'ready' }),
    answers: CHANGE,
  },
  'POST /api/v1/deals/{id}/quotes/{qid}/status (confirmed)': {
    about: 'deal',
    given: 'readyQuote',
    body: () => ({ status: 'confirmed' }),
    answers: DECIDE,
  },
  'POST /api/v1/deals/{id}/quotes/{qid}/status (archived)': {
    about: 'deal',
    given: 'readyQuote',
    body: () => ({ status: 'archived' }),
    answers: DECIDE,
  },
  'POST /api/v1/deals/{id}/quotes/{qid}/policy': { about: 'deal', given: 'confirmedQuote', answers: CREATE },
  'GET /api/v1/policies': {
    lists: 'policy',
    shows: {
      seller: ['own', 'ownAlone'],
      executor: ['assigned'],
      finance: ROWS.policy,
      lead: ROWS.policy,
      admin: ROWS.policy,
      ...OUTSIDERS,
    },
  },
  'POST /api/v1/policies (of a deal)': { about: 'deal', body: ({ id }) => policy({ deal_id: id }), answers: CREATE },
  'POST /api/v1/policies (of a client alone)': {
    about: 'client',
    body: ({ id }) => policy({ client_id: id }),
    answers: { seller: [201, 201, 404, 404, 404], executor: 403, ...CREATED },
  },
  'GET /api/v1/policies/{id}': { about: 'policy', answers: READ_POLICY },
  'PATCH /api/v1/policies/{id}': { about: 'policy', body: () => ({ premium: '90000.00' }), answers: CHANGE_POLICY },
  'PATCH /api/v1/policies/{id} (is_deleted)': {
    about: 'policy',
    body: () => ({ is_deleted: true }),
    answers: CHANGE_POLICY,
  },
  'DELETE /api/v1/policies/{id}': { about: 'policy', answers: REMOVE_POLICY },
  'POST /api/v1/policies/{id}/activate': { about: 'policy', answers: CHANGE_POLICY },
  'POST /api/v1/policies/{id}/close': {
    about: 'policy',
    given: 'inForce',
    body: () => ({ reason: 'cancelled' }),
    answers: CHANGE_POLICY,
  },
  'POST /api/v1/policies/{id}/renew': {
    about: 'policy',
    given: 'inForce',
    body: () => ({ policy_number: policyNumber() }),
    answers: CREATE_POLICY,
  },
  'GET /api/v1/deals/{id}/documents': { about: 'deal', given: 'document', answers: READ_DEAL },
  'POST /api/v1/deals/{id}/documents': { about: 'deal', body: document, answers: CREATE },
  'DELETE /api/v1/deals/{id}/documents/{document_id}': {
    about: 'deal',
    given: 'document',
    answers: { seller: [204, 404, 404, 404], executor: [404, 204, 404, 404], ...REMOVED },
  },
  'GET /api/v1/clients/{id}/documents': { about: 'client', given: 'document', answers: READ_CLIENT },
  'POST /api/v1/clients/{id}/documents': {
    about: 'client',
    body: document,
    answers: { seller: [201, 201, 404, 404, 404], executor: [404, 404, 201, 404, 404], ...CREATED },
  },
  'DELETE /api/v1/clients/{id}/documents/{document_id}': {
    about: 'client',
    given: 'document',
    answers: { seller: [204, 204, 404, 404, 404], executor: [404, 404, 204, 404, 404], ...REMOVED },
  },
  'GET /api/v1/policies/{id}/documents': { about: 'policy', given: 'document', answers: READ_POLICY },
  'POST /api/v1/policies/{id}/documents': { about: 'policy', body: document, answers: CREATE_POLICY },
  'DELETE /api/v1/policies/{id}/documents/{document_id}': {
    about: 'policy',
    given: 'document',
    answers: REMOVE_POLICY,
  },
};
