import { Injectable } from '@nestjs/common';
import { DomainError } from '#platform/kernel';
import { Database, statement, UnitOfWork } from '#platform/persistence';

/** An answer that was, or is to be, given to a request under an idempotency key. */
export interface StoredResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text; empty for an answer without a body. */
  readonly body: string;
}

/** Which request it is: a key means something only together with its caller. */
export interface IdempotentRequest {
  /** UUID. */
  readonly callerId: string;
  readonly key: string;
  /** SHA-256 of what was asked: the same key with another one is refused. */
  readonly fingerprint: Buffer;
}

/** What {@link IdempotencyKeys.once} gives. */
interface OnceAnswer {
  readonly answer: StoredResponse;
  readonly isReplayed: boolean;
}

interface Kept extends StoredResponse {
  readonly fingerprint: Buffer | null;
}

interface Claim extends Kept {
  readonly is_locked: boolean;
}

const FIND = statement(`
  SELECT fingerprint, status, headers, body FROM crm.idempotency_keys
   WHERE caller_id = $1::uuid AND key = $2::text AND created_at > now() - interval '72 hours'`);

/**
 * One round trip for lock and look-up. Its snapshot is taken before the lock, so a row that another request has just
 * committed may be missed; `store` finds that out and undoes the second effect.
 */
const CLAIM = statement(`
  SELECT pg_try_advisory_xact_lock(hashtextextended(($1::uuid)::text || ':' || $2::text, 0)) AS is_locked,
         stored.fingerprint, stored.status, stored.headers, stored.body
    FROM (SELECT 1) AS once
    LEFT JOIN crm.idempotency_keys AS stored
      ON stored.caller_id = $1::uuid AND stored.key = $2::text AND stored.created_at > now() - interval '72 hours'`);

/** Replaces only a row whose time is over. */
const STORE = statement(`
  INSERT INTO crm.idempotency_keys AS stored (caller_id, key, fingerprint, status, headers, body)
  VALUES ($1::uuid, $2::text, $3::bytea, $4::int, $5::jsonb, $6::text)
  ON CONFLICT (caller_id, key) DO UPDATE
     SET fingerprint = excluded.fingerprint, status = excluded.status, headers = excluded.headers,
         body = excluded.body, created_at = now()
   WHERE stored.created_at <= now() - interval '72 hours'
  RETURNING stored.status`);

const ROLLED_BACK = new Error('the work of a rehearsal is rolled back');

/** Makes a request that is sent twice have one effect: its answer is stored for 72 hours, committed with the effect. */
@Injectable()
export class IdempotencyKeys {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly database: Database,
  ) {}

  /**
   * Runs `work` in a unit of work and stores its answer, or replays the stored answer. If `work`
   * is refused, the key is looked up again, because a concurrent attempt may have succeeded meanwhile.
   * @param work answers; only a success (2xx) is stored; an error stores nothing.
   * @throws DomainError 409 `idempotency_in_progress`, 422 `idempotency_key_reused`.
   */
  async once(request: IdempotentRequest, work: () => Promise<StoredResponse>): Promise<OnceAnswer> {
    try {
      return await this.attempt(request, work);
    } catch (error) {
      const earlier = error instanceof DomainError ? await this.find(request) : undefined;
      if (!earlier) throw error;
      return { answer: earlier, isReplayed: true };
    }
  }

  /**
   * Runs `work` in a transaction and rolls it back.
   * @returns the refusal, if `work` was refused.
   */
  async rehearse(work: () => unknown): Promise<DomainError | undefined> {
    try {
      await this.unitOfWork.run(async () => {
        await work();
        throw ROLLED_BACK;
      });
    } catch (error) {
      if (error instanceof DomainError) return error;
      if (error !== ROLLED_BACK) throw error;
    }
    return undefined;
  }

  private attempt(request: IdempotentRequest, work: () => Promise<StoredResponse>): Promise<OnceAnswer> {
    return this.unitOfWork.run(async () => {
      const earlier = await this.claim(request);
      if (earlier) return { answer: earlier, isReplayed: true };
      const answer = await work();
      if (answer.status < 300) await this.store(request, answer);
      return { answer, isReplayed: false };
    });
  }

  private async claim(request: IdempotentRequest): Promise<StoredResponse | undefined> {
    const found = await this.database.first<Claim>(CLAIM, [request.callerId, request.key]);
    const earlier = found && answerOf(found, request);
    if (!earlier && !found?.is_locked) throw inProgress();
    return earlier;
  }

  private async find(request: IdempotentRequest): Promise<StoredResponse | undefined> {
    const found = await this.database.first<Kept>(FIND, [request.callerId, request.key]);
    return found && answerOf(found, request);
  }

  private async store({ callerId, key, fingerprint }: IdempotentRequest, answer: StoredResponse): Promise<void> {
    const values = [callerId, key, fingerprint, answer.status, JSON.stringify(answer.headers), answer.body];
    const stored = await this.database.query(STORE, values);
    if (stored.length === 0) throw inProgress();
  }
}

/** @throws DomainError `idempotency_key_reused` when it is the answer to something else. */
function answerOf(
  { fingerprint, status, headers, body }: Kept,
  request: IdempotentRequest,
): StoredResponse | undefined {
  if (!fingerprint) return undefined;
  if (!fingerprint.equals(request.fingerprint)) throw keyReused();
  return { status, headers, body };
}

function inProgress(): DomainError {
  const message = 'A request with this Idempotency-Key is still running. Send it again in a moment.';
  return new DomainError('conflict', 'idempotency_in_progress', message, { retry_after: 1 });
}

function keyReused(): DomainError {
  const message = 'This Idempotency-Key was used for another request. Take a new key for a new request.';
  return new DomainError('unprocessable', 'idempotency_key_reused', message);
}
