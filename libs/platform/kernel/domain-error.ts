/**
 * What sort of refusal it is. `platform/http` alone maps it to a status:
 * invalid 400 · unauthenticated 401 · forbidden 403 · not_found 404 · timed_out 408 · conflict 409 · gone 410 · stale 412 ·
 * too_large 413 · unsupported_media 415 · unprocessable 422 · precondition_required 428 · too_many 429 · unavailable 503.
 */
export type DomainErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'timed_out'
  | 'conflict'
  | 'gone'
  | 'stale'
  | 'too_large'
  | 'unsupported_media'
  | 'unprocessable'
  | 'precondition_required'
  | 'too_many'
  | 'unavailable';

/** One fault of one field. */
export interface FieldFault {
  /** JSON pointer into the body (`/next_review_at`), or `?name` for a query parameter. */
  readonly pointer: string;
  /** Stable, for a program. */
  readonly code: string;
  /** For a person. */
  readonly detail: string;
}

/** Refusal by a rule: nothing is changed, and the error names the rule and the remedy. */
export class DomainError extends Error {
  override readonly name = 'DomainError';

  /**
   * @param code stable snake_case code, part of the public contract.
   * @param message the fact and the remedy, for a person; no personal data.
   * @param details further members of the answer, e.g. `{ candidates: [...] }` or `{ errors: FieldFault[] }`.
   */
  constructor(
    readonly kind: DomainErrorKind,
    readonly code: string,
    message: string,
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}
