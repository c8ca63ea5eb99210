import { setTimeout as delay } from 'node:timers/promises';
import { until } from '#platform/testing';
import type { CrmUser, DealBody, Reply } from '../crm-user.js';

/** A change that the API has acknowledged: a note by its id, or a deal's version with its time. */
export type Acknowledged =
  | { readonly dealId: string; readonly entryId: string }
  | { readonly dealId: string; readonly version: number; readonly updatedAt: string };

/** The part of a refusal that tests check. */
export interface Refused {
  readonly status: number;
  readonly contentType: string;
  readonly code: string;
}

export interface LoadOptions {
  /** Streams written to. */
  readonly deals?: number;
  /** Number of concurrent requests. */
  readonly writers?: number;
  /** Limit of acknowledged changes, after which the load ends. */
  readonly most?: number;
  /** Requests per second; unlimited by default. */
  readonly perSecond?: number;
}

const STAGES = ['negotiation', 'proposal', 'qualification'];
const REACH_WITHIN_MS = 120_000;
/** Delay before a client retries after a server error. */
const BACK_OFF_MS = 100;

const running = new Set<WriteLoad>();

/** Stops every running load. */
export async function endLoads(): Promise<void> {
  await Promise.all([...running].map((load) => load.end()));
}

/**
 * Changes deals repeatedly: notes on any deal, so that writers compete for a stream, titles and stages on a deal per
 * writer. Continues after any answer, until it is stopped.
 */
export class WriteLoad {
  readonly acknowledged: Acknowledged[] = [];
  readonly refused: Refused[] = [];
  /** Bodies of notes without a complete answer. */
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

  /** Opens the deals and starts the load. */
  static async begin(user: CrmUser, options: LoadOptions = {}): Promise<WriteLoad> {
    const { deals: count = 12, writers = 6, most = 2_000, perSecond = Infinity } = options;
    const clientId = await user.addClient();
    const deals = await Promise.all(Array.from({ length: count }, () => user.openDeal(clientId)));
    const load = new WriteLoad(user, deals, writers, most, (1_000 * writers) / perSecond);
    load.work = Promise.all(Array.from({ length: writers }, (_, writer) => load.write(writer)));
    running.add(load);
    return load;
  }

  /** Number of ended requests, answered or not. */
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

  /** Stops sending and waits for the last answers. */
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
