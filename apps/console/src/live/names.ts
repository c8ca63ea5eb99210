import type { Api } from '../api.js';

/** Concurrent requests: the browser allows six connections, and the stream occupies one. */
const ASKERS = 3;

/** Resources that are named by their id. */
export type Named = 'clients' | 'deals';

/** Caches the names of clients and the titles of deals by id; requests each once. */
export class Names {
  private readonly known = new Map<string, Promise<string>>();
  private readonly turns: Promise<unknown>[] = Array.from({ length: ASKERS }, () => Promise.resolve());
  private next = 0;

  constructor(private readonly api: Api) {}

  /** @returns the end of the id when the name can't be read. */
  nameOf(kind: Named, id: string): Promise<string> {
    const known = this.known.get(id);
    if (known) return known;
    const turn = this.next++ % ASKERS;
    const asked = this.turns[turn]!.then(() => this.ask(kind, id)).catch(() => {
      this.forget(id);
      return `…${id.slice(-6)}`;
    });
    this.turns[turn] = asked;
    this.known.set(id, asked);
    return asked;
  }

  /** Removes a name that may have changed, so that it is requested again. */
  forget(id: string): void {
    this.known.delete(id);
  }

  private async ask(kind: Named, id: string): Promise<string> {
    const { name, title } = await this.api.get<{ name?: string; title?: string }>(`/${kind}/${id}`);
    return name ?? title ?? '';
  }
}
