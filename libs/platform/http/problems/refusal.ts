/** An error as a client gets it: the content of a problem document. */
export interface Refusal {
  readonly status: number;
  /** Stable, for a program. */
  readonly code: string;
  /** For a person. */
  readonly detail: string;
  /** Further members of the problem document. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** True when no rule foresaw the error: its cause goes to the log, and none of it into the answer. */
  readonly isUnexpected?: true;
}

/** `deal_not_found` → `Deal not found`. */
export function titleOf(code: string): string {
  return code.charAt(0).toUpperCase() + code.slice(1).replaceAll('_', ' ');
}
