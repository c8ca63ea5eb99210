import { matchesKey } from '#platform/messaging';

/** What a subscriber asked for: events of some deals, of some types, or all. */
export class EventFilter {
  /** By routing key; there are as many as the catalogue of events has. */
  private readonly known = new Map<string, boolean>();

  /**
   * @param dealIds UUIDs in lower case; every deal, and what belongs to none, when there are none.
   * @param patterns routing keys with `*` for exactly one word and `#` for any number; every type when there are none.
   */
  constructor(
    private readonly dealIds: ReadonlySet<string>,
    private readonly patterns: readonly string[],
  ) {}

  takes({ type, dealId }: { readonly type: string; readonly dealId: string | null }): boolean {
    if (this.dealIds.size > 0 && (dealId === null || !this.dealIds.has(dealId))) return false;
    return this.patterns.length === 0 || this.takesType(type);
  }

  private takesType(type: string): boolean {
    let takes = this.known.get(type);
    if (takes === undefined) {
      takes = this.patterns.some((pattern) => matchesKey(type, pattern));
      this.known.set(type, takes);
    }
    return takes;
  }
}
