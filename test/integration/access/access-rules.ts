import type { TestUser } from '#platform/testing';

/** What a line of the table of rights can say; the lines are in the files access-of-…ts. */

/** Who asks: somebody with one role, `nobody` with a token without roles, a `stranger` without a token. */
export const ASKERS = ['seller', 'executor', 'finance', 'lead', 'admin', 'service', 'nobody', 'stranger'] as const;
export type Asker = (typeof ASKERS)[number];

/** Rows that differ in what they have to do with the asker. */
export const ROWS = {
  /** A deal that the asker owns, carries out, has nothing to do with, or that nobody owns or carries out. */
  deal: ['own', 'assigned', 'foreign', 'unowned'],
  /** A client that the asker owns, that has a deal which the asker owns or carries out, another's, or nobody's. */
  client: ['own', 'ofOwnDeal', 'ofAssignedDeal', 'foreign', 'unowned'],
  /** A policy of such a deal (of the foreign one it says that it is the asker's), or one without a deal. */
  policy: ['own', 'assigned', 'foreign', 'unowned', 'ownAlone', 'foreignAlone'],
  /** A payment of such a deal. */
  payment: ['own', 'assigned', 'foreign', 'unowned'],
} as const;
export type Subject = keyof typeof ROWS;

/** What is there before the request: a part of the row, or another state of it. */
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

/** Makes what is there before the request by itself, as an admin, and says the further ids of the request's path. */
export type Gift = (admin: TestUser, id: string) => Promise<Readonly<Record<string, string>>>;

/** Row by row what is answered; one status for all of them. */
export type Answers = Readonly<Record<Asker, number | readonly number[]>>;

/** A route that is about one row: `{id}` of its path, or for a creation the id in its body. */
export interface RowRule {
  readonly about: Subject;
  readonly given?: Given | Gift;
  /** @param ids `id` of the row, and what was given. */
  readonly body?: (ids: Readonly<Record<string, string>>) => object;
  readonly answers: Answers;
}

/** A list: which rows it shows, and counts; or the status of its refusal. */
export interface ListRule {
  readonly lists: Subject;
  readonly shows: Readonly<Record<Asker, number | readonly string[]>>;
}

/** A file: which rows it has; or the status of its refusal. */
export interface ExportRule {
  readonly exports: Subject;
  readonly shows: ListRule['shows'];
}

/** A funnel instead of a list: rows out of scope are not counted. */
export interface CountRule {
  readonly counts: Subject;
  readonly shows: Readonly<Record<Asker, number | readonly string[]>>;
}

/** A route whose answer depends on the asker alone. */
export interface AskerRule {
  /** Text is sent as the type that `headers` name. */
  readonly body?: () => object | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the path names, when it is no row. */
  readonly names?: Readonly<Record<string, string>>;
  /** The answer goes on until it is cut off. */
  readonly isStream?: true;
  readonly statuses: Readonly<Record<Asker, number>>;
}

export type AccessRule = RowRule | ListRule | ExportRule | CountRule | AskerRule;

/** By method and path; words in brackets tell two uses of one route apart. */
export type AccessRules = Readonly<Record<string, AccessRule>>;

/** Those who are refused by every route that is for people. */
export const OUTSIDERS = { service: 403, nobody: 403, stranger: 401 } as const;
/** Whoever reads every row. */
export const READ = { finance: 200, lead: 200, admin: 200, ...OUTSIDERS } as const;
/** Whoever changes, removes or creates any row: finance only reads. */
export const CHANGED = { finance: 403, lead: 200, admin: 200, ...OUTSIDERS } as const;
export const REMOVED = { finance: 403, lead: 204, admin: 204, ...OUTSIDERS } as const;
export const CREATED = { finance: 403, lead: 201, admin: 201, ...OUTSIDERS } as const;

export const READ_DEAL: Answers = { seller: [200, 404, 404, 404], executor: [404, 200, 404, 404], ...READ };
