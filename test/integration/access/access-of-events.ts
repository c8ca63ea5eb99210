import { type AccessRules, type CallerRule, OUTSIDERS } from './access-rules.js';

const FORBIDDEN = { seller: 403, executor: 403, finance: 403, lead: 403, ...OUTSIDERS } as const;

/** Routes for admins and services; the ids in their paths are unknown. */
const operated = (status: number, body?: CallerRule['body']): CallerRule => ({
  ...(body && { body }),
  statuses: { ...FORBIDDEN, admin: status, service: status },
});
const administered = (status: number, body?: CallerRule['body']): CallerRule => ({
  ...(body && { body }),
  statuses: { ...FORBIDDEN, admin: status },
});

/** The feed of events, its bookmarks, replays. */
export const ACCESS_OF_EVENTS: AccessRules = {
  'GET /api/v1/events': operated(200),
  'GET /api/v1/events/bookmarks': operated(200),
  'GET /api/v1/events/bookmarks/{name}': operated(404),
  'PUT /api/v1/events/bookmarks/{name}': operated(201, () => ({ position: '0' })),
  'DELETE /api/v1/events/bookmarks/{name}': operated(404),
  // No broker is configured.
  'POST /api/v1/events/replays': administered(409, () => ({ queue: 'reports', from: '1000000' })),
  'GET /api/v1/events/replays/{id}': administered(404),
};
