import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { accessToken } from '#platform/testing';
import type { Dice } from '../../../apps/cli/src/demo/content/dice.js';
import { type Answer, type ApiClient, type Body, type Sending, UnansweredError } from './api-client.js';
import type { Ledger, Outcome } from './ledger.js';
import type { Pace } from './pace.js';

const ROLES = {
  seller: 'ROLE_SALES_AGENT',
  lead: 'ROLE_TEAM_LEAD',
  finance: 'ROLE_FINANCE_MANAGER',
  admin: 'ROLE_ADMIN',
} as const;
type Role = keyof typeof ROLES;

/** A request and its expected effect. */
export interface Order extends Omit<Sending, 'token'> {
  readonly as?: Role;
  /** Unique texts of the rows that it creates. */
  readonly rowTags?: readonly string[];
  /** Keys of its events, from its answer. */
  readonly eventKeys?: (body: Body) => readonly string[];
  /** The version that it must still have. */
  readonly ifMatch?: number | undefined;
}

export interface WriterParts {
  readonly client: ApiClient;
  readonly ledger: Ledger;
  readonly pace: Pace;
  readonly random: Dice;
  readonly claims: { readonly issuer: string; readonly audience: string };
  readonly isEnded: () => boolean;
}

const MAX_ATTEMPTS = 40;
const REPEAT_MS = 200;
/** Refusals by which a correct service answers a concurrent change. */
const CONFLICTS = new Set([409, 412]);

/** Sends the writes of one user after the other, and records how they were answered. */
export class Writer {
  private readonly tokens: Readonly<Record<Role, string>>;

  constructor(
    private readonly parts: WriterParts,
    private readonly role: Role = 'seller',
    private readonly userId = randomUUID(),
  ) {
    const token = (name: Role): string => accessToken({ userId, roles: [ROLES[name]], ...parts.claims });
    this.tokens = { seller: token('seller'), lead: token('lead'), finance: token('finance'), admin: token('admin') };
  }

  get ledger(): Ledger {
    return this.parts.ledger;
  }

  get random(): Dice {
    return this.parts.random;
  }

  /** The same user, whose requests have this role unless they name another. */
  as(role: Role): Writer {
    return new Writer(this.parts, role, this.userId);
  }

  /** Reads a resource; undefined without an answer. */
  async read(path: string): Promise<Body | undefined> {
    const token = this.tokens[this.role];
    const answer = await this.attempt({ method: 'GET', path, token });
    return answer?.status === 200 ? answer.body : undefined;
  }

  /**
   * Sends a write; half of those that may have a key are sent with one, and again until they are answered.
   * @returns the body of a success.
   */
  async write(kind: string, order: Order): Promise<Body | undefined> {
    await this.parts.pace.next();
    const { as = this.role, rowTags = [], eventKeys = () => [], ifMatch, headers, ...rest } = order;
    const mayHaveKey = order.method === 'POST' || order.method === 'PATCH';
    const key = mayHaveKey && this.random.chance(0.5) ? randomUUID() : undefined;
    const sending = {
      ...rest,
      token: this.tokens[as],
      headers: {
        ...headers,
        ...(key !== undefined && { 'idempotency-key': key }),
        ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }),
      },
    };
    const answer = await this.settle(sending, key !== undefined);
    const outcome = this.outcomeOf(kind, order.path, answer);
    const isDone = answer !== undefined && outcome === 'acknowledged';
    this.ledger.add({ kind, outcome, rowTags, eventKeys: isDone ? eventKeys(answer.body) : [] });
    if (!isDone) return undefined;
    if (key !== undefined && this.random.chance(0.05)) await this.expectReplay(kind, sending, answer);
    return answer.body;
  }

  private async settle(sending: Sending, hasKey: boolean): Promise<Answer | undefined> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.attempt(sending);
      if (answer && !isUnclear(answer)) return answer;
      if (answer?.status === 503 && answer.headers['retry-after'] === undefined) {
        this.ledger.badAnswers.push(`${sending.method} ${sending.path}: 503 without Retry-After`);
      }
      if (!hasKey || attempt === MAX_ATTEMPTS) return undefined;
      this.ledger.repeated += 1;
      await delay(REPEAT_MS);
    }
  }

  private async attempt(sending: Sending): Promise<Answer | undefined> {
    try {
      return await this.parts.client.send(sending, this.parts.isEnded);
    } catch (error) {
      if (error instanceof UnansweredError) return undefined;
      throw error;
    }
  }

  private outcomeOf(kind: string, path: string, answer: Answer | undefined): Outcome {
    if (!answer) return 'unclear';
    const { status, body } = answer;
    if (status < 300) return 'acknowledged';
    const code = String(body.code);
    this.ledger.refuse(kind, `${status} ${code}`);
    if (!CONFLICTS.has(status)) this.ledger.badAnswers.push(`${kind} ${path}: ${status} ${JSON.stringify(body)}`);
    return status >= 500 ? 'unclear' : 'refused';
  }

  /** Another request with the same key has no further effect, and the same answer. */
  private async expectReplay(kind: string, sending: Sending, first: Answer): Promise<void> {
    const again = await this.settle(sending, true);
    if (!again) return;
    const isSame = again.status === first.status && JSON.stringify(again.body) === JSON.stringify(first.body);
    if (isSame && again.headers['idempotency-replayed'] === 'true') return;
    this.ledger.badReplays.push(`${kind} ${sending.path}: ${again.status} ${JSON.stringify(again.body)}`);
  }
}

/** A 503, or a first attempt with the same key that still runs. */
function isUnclear({ status, body }: Answer): boolean {
  return status === 503 || (status === 409 && body.code === 'idempotency_in_progress');
}
