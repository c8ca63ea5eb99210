import { Injectable } from '@nestjs/common';
import { Clock, DomainError, type Instant, newId } from '#platform/kernel';
import { Database, Lease, statement, UnitOfWork } from '#platform/persistence';
import { LogReader } from '../outbox/log-reader.js';
import { isPosition, momentOf, positionGone, positionInFuture } from '../outbox/position.js';

/** Bull queue of the replays that the worker runs. */
export const EVENT_REPLAYS = 'event-replays';

/** What is to be sent once more. */
export interface ReplayRange {
  /** Both included. */
  readonly from: bigint;
  readonly to: bigint;
}

/** What a run of a replay adds. */
interface ReplayStep {
  readonly position: bigint;
  readonly published: number;
}

/** A replay on its way, as its record shows it. */
export interface Replay {
  readonly id: string;
  readonly queue: string;
  /** Patterns of routing keys; none for every type. */
  readonly types: readonly string[];
  /** Positions as text. */
  readonly from_position: string;
  readonly to_position: string;
  /** Everything up to here is with the consumer's queue, or was not wanted. */
  readonly position: string;
  /** Events that the broker confirmed; those sent twice after a crash count twice. */
  readonly published: number;
  readonly state: 'pending' | 'running' | 'done' | 'failed';
  /** Why it failed: `queue_not_found`. */
  readonly error: string | null;
  readonly requested_by_id: string;
  readonly created_at: Instant;
  readonly updated_at: Instant;
  readonly finished_at: Instant | null;
}

const COLUMNS = `id, queue, types, from_position, to_position, position, published::int AS published, state, error,
  requested_by_id, created_at, updated_at, finished_at`;
const INSERT = statement(
  `INSERT INTO crm.event_replays (id, queue, types, from_position, to_position, position, requested_by_id, created_at, updated_at)
   VALUES ($1::uuid, $2::text, $3::text[], $4::bigint, $5::bigint, $4::bigint - 1, $6::uuid, $7::timestamptz, $7::timestamptz)
   RETURNING ${COLUMNS}`,
);
const GET = statement(`SELECT ${COLUMNS} FROM crm.event_replays WHERE id = $1::uuid`);
const BEGIN = statement(
  `UPDATE crm.event_replays SET state = 'running', updated_at = $2::timestamptz
   WHERE id = $1::uuid AND state IN ('pending', 'running') RETURNING ${COLUMNS}`,
);
/** The lease is locked until the statement has ended: a former holder can't move the replay. */
const ADVANCE = statement(
  `WITH held AS (SELECT FROM crm.leases WHERE name = $5::text AND token = $6::bigint FOR SHARE)
   UPDATE crm.event_replays SET position = $2::bigint, published = published + $3::int, updated_at = $4::timestamptz
   WHERE id = $1::uuid AND state = 'running' AND position <= $2::bigint AND EXISTS (SELECT FROM held)`,
);
/** The lease's row stays: a new one would start with a token that former holders have. */
const FINISH = statement(
  `WITH held AS (SELECT FROM crm.leases WHERE name = $4::text AND token = $5::bigint FOR SHARE)
   UPDATE crm.event_replays SET state = CASE WHEN $2::text IS NULL THEN 'done' ELSE 'failed' END, error = $2::text,
     updated_at = $3::timestamptz, finished_at = $3::timestamptz
   WHERE id = $1::uuid AND state = 'running' AND EXISTS (SELECT FROM held)`,
);

/** The records of replays, and what part of the log a request for one means. */
@Injectable()
export class EventReplays {
  constructor(
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly reader: LogReader,
    private readonly clock: Clock,
  ) {}

  /**
   * The positions that two texts mean: each a position or an RFC 3339 moment, both ends included. What lies between
   * two moments is never left out, though neighbours of another moment may come along.
   * @param to the last event there is now when left out.
   * @throws DomainError `not_a_position`, `position_gone`, `position_in_future`, `nothing_to_replay`.
   */
  async range(from: string, to?: string): Promise<ReplayRange> {
    const { first, last } = await this.reader.bounds();
    const start = await this.startOf(from, first, last);
    const end = await this.endOf(to, last);
    if (end > last || (isPosition(from) && start > last)) throw positionInFuture(last);
    if (start < first) throw positionGone(first);
    if (start > end) throw new DomainError('unprocessable', 'nothing_to_replay', 'No event lies between from and to.');
    return { from: start, to: end };
  }

  /**
   * Records a replay that is to be run.
   * @throws DomainError `position_gone` when retention took its beginning meanwhile.
   */
  async add(queue: string, { from, to }: ReplayRange, types: readonly string[], by: string): Promise<Replay> {
    return this.unitOfWork.run(async () => {
      const values = [newId(), queue, types, from.toString(), to.toString(), by, this.clock.now()];
      const replay = await this.database.first<Replay>(INSERT, values);
      // Looked at after the write, which waits for a retention at work: what is there now stays.
      const { first } = await this.reader.bounds();
      if (from < first) throw positionGone(first);
      return replay!;
    });
  }

  /** @throws DomainError `replay_not_found`. */
  async get(id: string): Promise<Replay> {
    const replay = await this.database.first<Replay>(GET, [id]);
    if (!replay) throw new DomainError('not_found', 'replay_not_found', 'There is no such replay.');
    return replay;
  }

  /**
   * Lets one process at a time work on a replay, by a lease.
   * @returns the result of `work`; `unavailable`, without a call of `work`, while another process has the lease.
   */
  async alone<T>(id: string, work: (lease: Lease) => Promise<T>, unavailable: T): Promise<T> {
    return Lease.runExclusive(await this.database.connect('crm-replay'), leaseOf(id), work, unavailable);
  }

  /** Marks it running; undefined when it has ended. */
  begin(id: string): Promise<Replay | undefined> {
    return this.database.first<Replay>(BEGIN, [id, this.clock.now()]);
  }

  /** Saves that everything up to `position` is confirmed; changes nothing for a former holder of the lease. */
  async advance(id: string, { position, published }: ReplayStep, { name, token }: Lease): Promise<void> {
    await this.database.query(ADVANCE, [id, position.toString(), published, this.clock.now(), name, token]);
  }

  /** Marks it done, or failed with an error code; changes nothing for a former holder of the lease. */
  async finish(id: string, { name, token }: Lease, error: string | null = null): Promise<void> {
    await this.database.query(FINISH, [id, error, this.clock.now(), name, token]);
  }

  private async startOf(text: string, first: bigint, last: bigint): Promise<bigint> {
    if (isPosition(text)) return BigInt(text);
    const moment = requireMoment(text, 'from');
    const start = await this.reader.firstSince(moment);
    if (start === undefined) return last + 1n;
    if (start > first || first === 1n) return start;
    // The oldest event kept is meant: those of the same time before it may be gone.
    const [oldest] = await this.reader.readAfter(first - 1n, 1);
    if (!oldest || oldest.time > moment) throw positionGone(first);
    return start;
  }

  private async endOf(text: string | undefined, last: bigint): Promise<bigint> {
    if (text === undefined) return last;
    if (isPosition(text)) return BigInt(text);
    return (await this.reader.lastUntil(requireMoment(text, 'to'))) ?? 0n;
  }
}

/** Name of the lease of a replay. */
export function leaseOf(replayId: string): string {
  return `replay/${replayId}`;
}

function requireMoment(text: string, field: string): Instant {
  const moment = momentOf(text);
  if (moment !== undefined) return moment;
  const detail = 'must be a position or a time such as 2026-11-23T07:22:58Z';
  throw new DomainError('unprocessable', 'not_a_position', `${field} ${detail}.`, {
    errors: [{ pointer: `/${field}`, code: 'not_a_position', detail }],
  });
}
