import { type AccessRules, type AskerRule, OUTSIDERS } from './access-rules.js';

const NOBODY = { seller: 403, executor: 403, finance: 403, lead: 403, ...OUTSIDERS } as const;

/** What admins and services may; the ids of the paths are unknown ones. */
const operated = (status: number, body?: AskerRule['body']): AskerRule => ({
  ...(body && { body }),
  statuses: { ...NOBODY, admin: status, service: status },
});
const administered = (status: number, body?: AskerRule['body']): AskerRule => ({
  ...(body && { body }),
  statuses: { ...NOBODY, admin: status },
});

/** The feed of events, its bookmarks, replays. */
export const ACCESS_OF_EVENTS: AccessRules = {
  'GET /api/v1/events': operated(200),
  'GET /api/v1/events/bookmarks': operated(200),
  'GET /api/v1/events/bookmarks/{name}': operated(404),
  'PUT /api/v1/events/bookmarks/{name}': operated(201, () => ({ position: '0' })),
  'DELETE /api/v1/events/bookmarks/{name}': operated(404),
  // There is no broker here.
  'POST /api/v1/events/replays': administered(409, () => ({ queue: 'reports', from: '1000000' })),
  'GET /api/v1/events/replays/{id}': administered(404),
};
