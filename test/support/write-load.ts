import { setTimeout as delay } from 'node:timers/promises';
import { until } from '#platform/testing';
import type { CrmUser, DealBody, Reply } from './crm-user.js';

/** A change that the API said yes to: a note by its id, or the version of a deal, and the moment when it came to be. */
export type Acknowledged =
  | { readonly dealId: string; readonly entryId: string }
  | { readonly dealId: string; readonly version: number; readonly updatedAt: string };

/** A refusal, as far as a test asks. */
export interface Refused {
  readonly status: number;
  readonly contentType: string;
  readonly code: string;
}

export interface LoadOptions {
  /** Streams written to. */
  readonly deals?: number;
  /** Requests on their way at a time. */
  readonly writers?: number;
  /** The load ends by itself after so many acknowledged changes. */
  readonly most?: number;
  /** Requests a second; as many as are answered when left out. */
  readonly perSecond?: number;
}

const STAGES = ['negotiation', 'proposal', 'qualification'];
const REACH_WITHIN_MS = 120_000;
/** What a polite client waits before it sends again to a server that is in trouble. */
const BACK_OFF_MS = 100;

const running = new Set<WriteLoad>();

/** Ends every load that goes on. */
export async function endLoads(): Promise<void> {
  await Promise.all([...running].map((load) => load.end()));
}

/**
 * Changes deals again and again: notes on any of them, so that writers meet on a stream, and titles and stages of
 * each writer's own. Goes on whatever is answered, until it is told to end.
 */
export class WriteLoad {
  readonly acknowledged: Acknowledged[] = [];
  readonly refused: Refused[] = [];
  /** Bodies of notes for which no whole answer came. */
  readonly unanswered: { readonly note: string; readonly error: string }[] = [];
  private sent = 0;
  private ended = false;
  private work: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly user: CrmUser,
    readonly deals: readonly DealBody[],
    private readonly writers: number,
    private readonly most: number,
    private readonly thinkMs: number,
  ) {}

  /** Opens the deals and begins. */
  static async begin(user: CrmUser, options: LoadOptions = {}): Promise<WriteLoad> {
    const { deals: count = 12, writers = 6, most = 2_000, perSecond = Infinity } = options;
    const clientId = await user.addClient();
    const deals = await Promise.all(Array.from({ length: count }, () => user.openDeal(clientId)));
    const load = new WriteLoad(user, deals, writers, most, (1_000 * writers) / perSecond);
    load.work = Promise.all(Array.from({ length: writers }, (_, writer) => load.write(writer)));
    running.add(load);
    return load;
  }

  /** Requests that came to an end, one way or the other. */
  get settled(): number {
    return this.acknowledged.length + this.refused.length + this.unanswered.length;
  }

  /** Waits until `count` more changes were acknowledged. */
  async acknowledge(count: number): Promise<void> {
    const goal = this.acknowledged.length + count;
    await until(() => {
      const { length } = this.acknowledged;
      if (length >= this.most) throw new Error(`the load ended after ${length} changes: allow more`);
      return length >= goal;
    }, REACH_WITHIN_MS);
  }

  /** Sends no more and waits for the last answers. */
  async end(): Promise<void> {
    this.ended = true;
    await this.work;
    running.delete(this);
  }

  private async write(writer: number): Promise<void> {
    const own = this.deals.filter((_, index) => index % this.writers === writer);
    for (let turn = 0; !this.ended && this.acknowledged.length < this.most; turn++) {
      this.sent += 1;
      const before = this.acknowledged.length;
      const deal = own[turn % own.length]!;
      if (turn % 2 === 0) await this.note(this.deals[(turn * 7 + writer) % this.deals.length]!);
      else if (turn % 4 === 1) await this.change(deal, '', { title: `КАСКО ${writer}-${turn}` });
      else await this.change(deal, '/stage', { stage: STAGES[turn % 3] });
      const isRefused = this.acknowledged.length === before;
      if (isRefused || this.thinkMs > 0) await delay(Math.max(this.thinkMs, isRefused ? BACK_OFF_MS : 0));
    }
  }

  private async note({ id: dealId }: DealBody): Promise<void> {
    const note = `Заметка ${this.sent} / ${Math.random()}`;
    try {
      const reply = await this.user.post<{ id: string }>(`/deals/${dealId}/journal`, { body: note });
      if (reply.status === 201) this.acknowledged.push({ dealId, entryId: reply.body.id });
      else this.refuse(reply);
    } catch (error) {
      this.miss(note, error);
    }
  }

  private async change({ id: dealId }: DealBody, path: string, body: object): Promise<void> {
    try {
      const reply = await this.user.patch<DealBody>(`/deals/${dealId}${path}`, body);
      const { version, updated_at: updatedAt } = reply.body;
      if (reply.status === 200) this.acknowledged.push({ dealId, version, updatedAt });
      else this.refuse(reply);
    } catch (error) {
      this.miss('', error);
    }
  }

  private refuse({ status, headers, body }: Reply<unknown>): void {
    const { code = '' } = (body ?? {}) as { code?: string };
    this.refused.push({ status, contentType: headers['content-type'] ?? '', code });
  }

  private miss(note: string, error: unknown): void {
    const { code, message } = error as NodeJS.ErrnoException;
    this.unanswered.push({ note, error: code ?? message });
  }
}
