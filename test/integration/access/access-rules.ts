import type { TestUser } from '#platform/testing';

/** Types of access rules; the rules are in the files access-of-….ts. */

/** Callers: users with one role, `roleless` with a token without roles, `stranger` without a token. */
export const CALLERS = ['seller', 'executor', 'finance', 'lead', 'admin', 'service', 'roleless', 'stranger'] as const;
export type Caller = (typeof CALLERS)[number];

/** Rows by their relation to the caller. */
export const ROWS = {
  /** A deal of the caller as owner or as executor, a foreign deal, and one without owner and executor. */
  deal: ['own', 'assigned', 'foreign', 'unowned'],
  /** A client owned by the caller, one with a deal of the caller, a foreign client, and one without an owner. */
  client: ['own', 'ofOwnDeal', 'ofAssignedDeal', 'foreign', 'unowned'],
  /** A policy of such a deal (on the foreign deal with the caller as owner), or one without a deal. */
  policy: ['own', 'assigned', 'foreign', 'unowned', 'ownAlone', 'foreignAlone'],
  /** A payment of such a deal. */
  payment: ['own', 'assigned', 'foreign', 'unowned'],
} as const;
export type Subject = keyof typeof ROWS;

/** State before the request: a part of the row, or another status of it. */
export type Given =
  | 'draftQuote'
  | 'readyQuote'
  | 'confirmedQuote'
  | 'document'
  | 'inForce'
  | 'anotherClient'
  | 'policy'
  | 'payment'
  | 'income'
  | 'expense';

/** Prepares the row as an admin, and returns the further ids of the request's path. */
export type Gift = (admin: TestUser, id: string) => Promise<Readonly<Record<string, string>>>;

/** Expected status per row, or one for all rows. */
export type Answers = Readonly<Record<Caller, number | readonly number[]>>;

/** A route of one row: `{id}` of its path, or the id in the body of a creation. */
export interface RowRule {
  readonly about: Subject;
  readonly given?: Given | Gift;
  /** @param ids `id` of the row, and the prepared ids. */
  readonly body?: (ids: Readonly<Record<string, string>>) => object;
  readonly answers: Answers;
}

/** A list: its visible and counted rows, or the status of its refusal. */
export interface ListRule {
  readonly lists: Subject;
  readonly shows: Readonly<Record<Caller, number | readonly string[]>>;
}

/** A file: its rows, or the status of its refusal. */
export interface ExportRule {
  readonly exports: Subject;
  readonly shows: ListRule['shows'];
}

/** A funnel: it does not count rows outside the scope. */
export interface CountRule {
  readonly counts: Subject;
  readonly shows: Readonly<Record<Caller, number | readonly string[]>>;
}

/** A route whose answer depends only on the caller. */
export interface CallerRule {
  /** Text is sent with the content type in `headers`. */
  readonly body?: () => object | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Parameters of the path that are not rows. */
  readonly names?: Readonly<Record<string, string>>;
  /** True for an endless answer, which the test closes. */
  readonly isStream?: true;
  readonly statuses: Readonly<Record<Caller, number>>;
}

export type AccessRule = RowRule | ListRule | ExportRule | CountRule | CallerRule;

/** By method and path; text in brackets distinguishes two uses of one route. */
export type AccessRules = Readonly<Record<string, AccessRule>>;

/** Callers refused by every route for users. */
export const OUTSIDERS = { service: 403, roleless: 403, stranger: 401 } as const;
/** Statuses of a read route for roles that read every row. */
export const READ = { finance: 200, lead: 200, admin: 200, ...OUTSIDERS } as const;
/** Statuses for roles that change, delete or create any row; finance only reads. */
export const CHANGED = { finance: 403, lead: 200, admin: 200, ...OUTSIDERS } as const;
export const REMOVED = { finance: 403, lead: 204, admin: 204, ...OUTSIDERS } as const;
export const CREATED = { finance: 403, lead: 201, admin: 201, ...OUTSIDERS } as const;

export const READ_DEAL: Answers = { seller: [200, 404, 404, 404], executor: [404, 200, 404, 404], ...READ };
