import type { Api } from '../api.js';

/** That many at a time: the browser keeps six connections, of which the stream takes one. */
const ASKERS = 3;

/** What can be named by its id alone. */
export type Named = 'clients' | 'deals';

/** The names of clients and the titles of deals by id, each asked for once. */
export class Names {
  private readonly known = new Map<string, Promise<string>>();
  private readonly turns: Promise<unknown>[] = Array.from({ length: ASKERS }, () => Promise.resolve());
  private next = 0;

  constructor(private readonly api: Api) {}

  /** @returns its id's end when the name can't be had. */
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

  /** To be asked for again, since it may have changed. */
  forget(id: string): void {
    this.known.delete(id);
  }

  private async ask(kind: Named, id: string): Promise<string> {
    const { name, title } = await this.api.get<{ name?: string; title?: string }>(`/${kind}/${id}`);
    return name ?? title ?? '';
  }
}
