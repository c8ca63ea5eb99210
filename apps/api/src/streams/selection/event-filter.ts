import { matchesKey } from '#platform/messaging';

/** Filter of a stream: events of some deals, of some types, or all. */
export class EventFilter {
  /** Result by routing key; there are as many keys as the catalogue has. */
  private readonly known = new Map<string, boolean>();

  /**
   * @param dealIds UUIDs in lower case; empty for every deal and for events of no deal.
   * @param patterns routing keys with `*` for exactly one word and `#` for any number; empty for every type.
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
