import { type AccessRules, type CallerRule, type ExportRule, OUTSIDERS, ROWS, type Subject } from './access-rules.js';

const ADMIN_ALONE = { seller: 403, executor: 403, finance: 403, lead: 403, ...OUTSIDERS };
const IMPORT: CallerRule = {
  body: () => 'name,kind\r\nНовый,person\r\n',
  headers: { 'content-type': 'text/csv' },
  statuses: { ...ADMIN_ALONE, admin: 202 },
};
const OF_IMPORT: CallerRule = {
  names: { id: 'b0000000-0000-7000-8000-000000000003' },
  statuses: { ...ADMIN_ALONE, admin: 404 },
};

const exportOf = (subject: Subject, sellers: readonly string[]): ExportRule => ({
  exports: subject,
  shows: {
    seller: sellers,
    executor: ['assigned'],
    finance: ROWS[subject],
    lead: ROWS[subject],
    admin: ROWS[subject],
    ...OUTSIDERS,
  },
});

/** Imports and exports. */
export const ACCESS_OF_FILES: AccessRules = {
  'POST /api/v1/imports/clients': IMPORT,
  'POST /api/v1/imports/deals': {
    ...IMPORT,
    body: () => 'client_id,title,next_review_at\r\nb0000000-0000-7000-8000-000000000003,ОСАГО,2026-03-10\r\n',
  },
  'POST /api/v1/imports/policies': { ...IMPORT, body: () => 'client_id\r\nb0000000-0000-7000-8000-000000000003\r\n' },
  'POST /api/v1/imports/payments': {
    ...IMPORT,
    body: () =>
      'deal_id,planned_date,planned_amount,currency\r\nb0000000-0000-7000-8000-000000000003,2026-03-10,1.00,RUB\r\n',
  },
  'GET /api/v1/exports/deals': exportOf('deal', ['own']),
  'GET /api/v1/exports/payments': exportOf('payment', ['own']),
  'GET /api/v1/exports/policies': exportOf('policy', ['own', 'ownAlone']),
  'GET /api/v1/imports/{id}': OF_IMPORT,
  'GET /api/v1/imports/{id}/errors': OF_IMPORT,
};
