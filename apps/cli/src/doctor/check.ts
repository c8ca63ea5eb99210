/** The result of a check: a fact, and the remedy when the check failed. */
export interface Finding {
  readonly state: 'ok' | 'FAILED' | 'skipped';
  /** Without a full stop; a question ends with its mark. */
  readonly fact: string;
  /** A whole sentence or more. */
  readonly remedy?: string;
}

/** One check of an installation. */
export interface Check {
  readonly name: string;
  /** @throws Error when the check can't run, which is a failure too. */
  readonly run: () => Promise<Finding>;
  /** The remedy when it can't run. */
  readonly remedy: string;
}

export function ok(fact: string): Finding {
  return { state: 'ok', fact };
}

export function failed(fact: string, remedy: string): Finding {
  return { state: 'FAILED', fact, remedy };
}

export function skipped(fact: string): Finding {
  return { state: 'skipped', fact };
}
