/** What a client is told instead of an answer. */
export interface Refusal {
  readonly status: number;
  /** Stable, for a program. */
  readonly code: string;
  /** For a person. */
  readonly detail: string;
  /** Further members of the problem document. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** True when nothing is known of the cause: it is logged, and the client is told nothing. */
  readonly isUnexpected?: true;
}

/** `deal_not_found` → `Deal not found`. */
export function titleOf(code: string): string {
  return code.charAt(0).toUpperCase() + code.slice(1).replaceAll('_', ' ');
}
