/** What a check found: the fact, and what to do about it when it is not as it should be. */
export interface Finding {
  readonly state: 'ok' | 'FAILED' | 'skipped';
  /** Without a full stop. */
  readonly fact: string;
  /** A whole sentence or more. */
  readonly remedy?: string;
}

/** One thing that is looked at. */
export interface Check {
  readonly name: string;
  /** @throws Error when it can't be looked at, which is a failure too. */
  readonly look: () => Promise<Finding>;
  /** What to do when it can't be looked at. */
  readonly otherwise: string;
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
