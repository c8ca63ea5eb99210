import type { OpenApiSettings } from '#platform/http';

/** What the OpenAPI document says of the API as a whole. */
export const OPEN_API: OpenApiSettings = {
  title: 'CRM core of an insurance brokerage',
  version: '1',
  description:
    'Clients, deals and their journals. Times are RFC 3339 in UTC, dates `YYYY-MM-DD`, money decimal text beside its ' +
    'currency. Rows that you may not see do not exist for you: 404, and not counted. Every refusal is an ' +
    '`application/problem+json` with a stable `code`.',
  tags: [
    ['clients', 'Persons and companies that buy cover'],
    ['deals', 'Sales opportunities and their way through the funnel'],
    ['journal', 'What happened to a deal, chained by hashes'],
    ['streams', 'Changes as they happen'],
  ],
};
