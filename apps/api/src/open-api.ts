import type { OpenApiSettings } from '#platform/http';

/** Title and description of the OpenAPI document. */
export const OPEN_API: OpenApiSettings = {
  title: 'CRM core of an insurance brokerage',
  version: '1',
  description:
    'Clients, deals with their quotes, policies, payments, documents and journals. Times are RFC 3339 in UTC, dates `YYYY-MM-DD`, money decimal text beside its ' +
    'currency. Lists are sorted by `sort` and narrowed by ranges such as `created_from`, whose limits are included. Rows outside your scope do not exist for you: 404, and not counted. Another method of a path is refused with 405 and `Allow`. Every refusal is an ' +
    '`application/problem+json` with a stable `code`.',
  tags: [
    ['clients', 'Persons and companies that buy cover'],
    ['deals', 'Sales opportunities and their way through the funnel'],
    ['payments', 'Planned payments of a deal, the money that came and went, and what it adds up to'],
    ['quotes', 'Insurers’ offers inside a deal: drafted, ready, confirmed, archived'],
    ['policies', 'Cover that is drafted, in force or closed, and its renewal'],
    ['documents', 'Links to documents of the Documents service, on deals, policies and clients'],
    ['journal', 'What happened to a deal, chained by hashes'],
    ['imports', 'Files of rows to take into the book, and what became of them'],
    ['exports', 'Lists as files'],
    ['streams', 'Changes as they happen'],
    ['events', 'What is published: its catalogue, the log to pull, bookmarks of its consumers, replays to a queue'],
  ],
};
