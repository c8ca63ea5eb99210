import { Injectable } from '@nestjs/common';
import { Clock, DomainError, type Instant } from '#platform/kernel';
import { Database, statement, UnitOfWork } from '#platform/persistence';
import { LogReader } from '../outbox/log-reader.js';
import { PROJECTIONS } from './projection.js';

/** State of a projection: registration and cursor. */
export interface ProjectionState {
  readonly name: string;
  /** The last position that it has read; 0 before the first. */
  readonly position: string;
  /** Events after the position, of any type. */
  readonly lag: number;
  /** Address of the worker that leads, as PostgreSQL sees it; null when none does. */
  readonly leader: string | null;
  readonly is_rebuildable: boolean;
  /** Null when no rebuild waits for the leader. */
  readonly rebuild_requested_at: Instant | null;
  /** When the last rebuild started; null when there was none. */
  readonly rebuild_started_at: Instant | null;
}

/** How far a leader can read, and whether it has to begin again. */
export interface ProjectionTask {
  readonly last: bigint;
  readonly isRebuildRequested: boolean;
}

const LIST = statement(
  `SELECT n.name, c.position, greatest(0, s.position - c.position)::int AS lag,
     (SELECT coalesce(host(a.client_addr), 'local') FROM crm.leases l JOIN pg_stat_activity a ON a.pid = l.backend_pid
      WHERE l.name = c.name AND l.expires_at > clock_timestamp() LIMIT 1) AS leader,
     coalesce(p.is_rebuildable, false) AS is_rebuildable, p.rebuild_requested_at, p.rebuild_started_at
   FROM crm.event_cursors c CROSS JOIN LATERAL (SELECT substr(c.name, ${PROJECTIONS.length + 1}) AS name) n
     JOIN crm.event_cursors s ON s.name = 'sequencer' LEFT JOIN crm.projections p ON p.name = n.name
   WHERE starts_with(c.name, '${PROJECTIONS}') ORDER BY n.name`,
);
const REGISTER = statement(
  `INSERT INTO crm.projections AS p (name, is_rebuildable) VALUES ($1::text, $2::boolean)
   ON CONFLICT (name) DO UPDATE SET is_rebuildable = excluded.is_rebuildable,
     rebuild_requested_at = CASE WHEN excluded.is_rebuildable THEN p.rebuild_requested_at END
   WHERE p.is_rebuildable <> excluded.is_rebuildable`,
);
const REQUEST = statement(
  `UPDATE crm.projections SET rebuild_requested_at = coalesce(rebuild_requested_at, $2::timestamptz)
   WHERE name = $1::text AND is_rebuildable RETURNING name`,
);
const TASK = statement(
  `SELECT s.position AS last, EXISTS (SELECT FROM crm.projections p
     WHERE p.name = $1::text AND p.rebuild_requested_at IS NOT NULL) AS "isRebuildRequested"
   FROM crm.event_cursors s WHERE s.name = 'sequencer'`,
);
const MARK_STARTED = statement(
  `UPDATE crm.projections SET rebuild_requested_at = NULL, rebuild_started_at = $2::timestamptz WHERE name = $1::text`,
);

/**
 * Rebuilds of projections. Any process requests one; the leader of the projection carries it out under its lease, so no
 * worker is restarted. From the request on, retention forgets no event that the rebuild has still to read.
 */
@Injectable()
export class ProjectionRebuilds {
  constructor(
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly reader: LogReader,
    private readonly clock: Clock,
  ) {}

  /** Every projection that has a cursor, by name. */
  list(): Promise<ProjectionState[]> {
    return this.database.query<ProjectionState>(LIST);
  }

  /**
   * Requests a rebuild; a second request before it starts has no effect.
   * @param isPartial whether effects of events that are no longer stored may get lost.
   * @throws DomainError `projection_not_found`, `projection_not_rebuildable`, `log_incomplete`.
   */
  async request(name: string, isPartial: boolean): Promise<void> {
    await this.unitOfWork.run(async () => {
      const requested = await this.database.query(REQUEST, [name, this.clock.now()]);
      if (requested.length === 0) throw await this.refusal(name);
      // Read after the update, which waits for a running retention: no stored event is deleted from here on.
      const { first } = await this.reader.bounds();
      if (first > 1n && !isPartial) throw logIncomplete(name, first);
    });
  }

  /** Stores whether a projection can be rebuilt. */
  async register(name: string, isRebuildable: boolean): Promise<void> {
    await this.database.query(REGISTER, [name, isRebuildable]);
  }

  /** Reads the last position of the log, and whether a rebuild of the projection is requested. */
  async taskOf(name: string): Promise<ProjectionTask> {
    const row = await this.database.first<{ last: string; isRebuildRequested: boolean }>(TASK, [name]);
    return { last: BigInt(row?.last ?? 0), isRebuildRequested: row?.isRebuildRequested ?? false };
  }

  /** Ends the request, in the transaction that moves the cursor back. */
  async markStarted(name: string): Promise<void> {
    await this.database.query(MARK_STARTED, [name, this.clock.now()]);
  }

  private async refusal(name: string): Promise<DomainError> {
    const names = (await this.list()).map((projection) => projection.name);
    if (!names.includes(name)) {
      const list = names.length > 0 ? `there are ${names.join(', ')}` : 'no worker has started one yet';
      return new DomainError('not_found', 'projection_not_found', `There is no projection ${name}: ${list}.`);
    }
    return new DomainError(
      'conflict',
      'projection_not_rebuildable',
      `The projection ${name} can't be rebuilt: its class has no reset(), or no worker of this release has led it yet.`,
    );
  }
}

function logIncomplete(name: string, first: bigint): DomainError {
  return new DomainError(
    'conflict',
    'log_incomplete',
    `The log begins at position ${first}: a rebuild of ${name} would lose the effects of the events before it, which ` +
      'retention has deleted. To rebuild it from the stored events alone, request a partial rebuild.',
    { oldest_position: first.toString() },
  );
}
