/** What a person or service may be; a caller can be several at once, and may do what any of them may. */
export const ROLES = ['seller', 'executor', 'finance', 'lead', 'admin', 'service'] as const;
export type Role = (typeof ROLES)[number];

/** Who asks: taken from a verified token, never from a request's body. */
export interface Caller {
  /** UUID of the user or service in the Auth service. */
  readonly userId: string;
  readonly roles: ReadonlySet<Role>;
}
