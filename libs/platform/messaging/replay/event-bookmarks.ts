import { Injectable } from '@nestjs/common';
import { Clock, DomainError, type ExpectedVersion, type Instant, type Page } from '#platform/kernel';
import { Database, statement, UnitOfWork, versionMismatch } from '#platform/persistence';
import { LogReader } from '../outbox/log-reader.js';
import { positionGone, positionInFuture } from '../outbox/position.js';

/** How far a consumer has come, under a name. */
export interface Bookmark {
  readonly name: string;
  /** The last position it has processed; 0 before the first. */
  readonly position: string;
  /** Events after it, wanted by the consumer or not. */
  readonly behind: number;
  readonly version: number;
  readonly created_at: Instant;
  readonly updated_at: Instant;
  readonly updated_by_id: string;
}

/** How a bookmark is to be set. */
export interface BookmarkMove {
  readonly position: bigint;
  /** The version or the position that the caller believes it has: one of them, for a bookmark that is there. */
  readonly expectedVersion: ExpectedVersion;
  readonly expectedPosition: bigint | undefined;
  /** Whether it may go back. */
  readonly mayMoveBack: boolean;
  /** UUID. */
  readonly by: string;
}

const COLUMNS = `b.name, b.position, greatest(0, s.position - b.position)::int AS behind, b.version, b.created_at,
  b.updated_at, b.updated_by_id`;
const FROM = `crm.event_bookmarks b, crm.event_cursors s WHERE s.name = 'sequencer'`;

const LIST = statement(`SELECT ${COLUMNS} FROM ${FROM} AND b.name > $1::text ORDER BY b.name LIMIT $2::int`);
const COUNT = statement('SELECT count(*)::int AS count FROM crm.event_bookmarks');
const GET = statement(`SELECT ${COLUMNS} FROM ${FROM} AND b.name = $1::text`);
const HOLD = statement('SELECT position, version FROM crm.event_bookmarks WHERE name = $1::text FOR UPDATE');
const INSERT = statement(
  `INSERT INTO crm.event_bookmarks (name, position, version, created_at, updated_at, updated_by_id)
   VALUES ($1::text, $2::bigint, 1, $3::timestamptz, $3::timestamptz, $4::uuid) ON CONFLICT DO NOTHING RETURNING name`,
);
const UPDATE = statement(
  `UPDATE crm.event_bookmarks SET position = $2::bigint, version = version + 1, updated_at = $3::timestamptz,
     updated_by_id = $4::uuid WHERE name = $1::text`,
);
const DELETE = statement('DELETE FROM crm.event_bookmarks WHERE name = $1::text');

interface HeldBookmark {
  readonly position: string;
  readonly version: number;
}

/** Named positions in the log, one per consumer of the feed; retention stores every event after the slowest. */
@Injectable()
export class EventBookmarks {
  constructor(
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly reader: LogReader,
    private readonly clock: Clock,
  ) {}

  /** By name, those after `after`. */
  async list(after: string, limit: number, includeTotal: boolean): Promise<Page<Bookmark>> {
    const found = await this.database.query<Bookmark>(LIST, [after, limit + 1]);
    const items = found.slice(0, limit);
    const next = found.length > limit ? [items.at(-1)!.name] : null;
    if (!includeTotal) return { items, next };
    return { items, next, total: (await this.database.first<{ count: number }>(COUNT))?.count ?? 0 };
  }

  /** @throws DomainError `bookmark_not_found`. */
  async get(name: string): Promise<Bookmark> {
    const bookmark = await this.database.first<Bookmark>(GET, [name]);
    if (!bookmark) throw bookmarkNotFound(name);
    return bookmark;
  }

  /**
   * Makes a bookmark or moves it. Two that move the same one can't undo each other unseen: each says what it started
   * from, and back it goes only when asked to.
   * @returns whether it is new.
   * @throws DomainError `version_mismatch`, `precondition_required`, `bookmark_moves_back`, `edit_conflict`,
   *   `position_gone`, `position_in_future`.
   */
  async set(name: string, move: BookmarkMove): Promise<boolean> {
    return this.unitOfWork.run(async () => {
      const held = await this.database.first<HeldBookmark>(HOLD, [name]);
      refuse(held, move);
      const values = [name, move.position.toString(), this.clock.now(), move.by];
      const written = await this.database.query(held ? UPDATE : INSERT, values);
      if (!held && written.length === 0) throw madeMeanwhile();
      // Looked at after the write, which waits for a retention at work: what is there now stays.
      await this.requireKept(move.position);
      return !held;
    });
  }

  /** @throws DomainError `bookmark_not_found`, `version_mismatch`. */
  async delete(name: string, expectedVersion: ExpectedVersion): Promise<void> {
    await this.unitOfWork.run(async () => {
      const held = await this.database.first<HeldBookmark>(HOLD, [name]);
      if (!held) throw bookmarkNotFound(name);
      if (expectedVersion && !expectedVersion.includes(held.version)) throw versionMismatch();
      await this.database.query(DELETE, [name]);
    });
  }

  private async requireKept(position: bigint): Promise<void> {
    const { first, last } = await this.reader.bounds();
    if (position > last) throw positionInFuture(last);
    if (position < first - 1n) throw positionGone(first);
  }
}

function refuse(held: HeldBookmark | undefined, move: BookmarkMove): void {
  const { expectedVersion, expectedPosition, position, mayMoveBack } = move;
  if (!held) {
    if (expectedVersion !== undefined || expectedPosition !== undefined) throw versionMismatch();
    return;
  }
  if (expectedVersion === undefined && expectedPosition === undefined) {
    const remedy = 'Say where you believe the bookmark to be: by If-Match with its ETag, or by expected_position.';
    throw new DomainError('precondition_required', 'precondition_required', remedy);
  }
  if (expectedVersion !== undefined && !expectedVersion.includes(held.version)) throw versionMismatch();
  if (expectedPosition !== undefined && expectedPosition !== BigInt(held.position)) throw versionMismatch();
  if (position >= BigInt(held.position) || mayMoveBack) return;
  const fact = `The bookmark is at ${held.position}: to move it back, say move_back.`;
  throw new DomainError('conflict', 'bookmark_moves_back', fact, { position: held.position });
}

function bookmarkNotFound(name: string): DomainError {
  return new DomainError('not_found', 'bookmark_not_found', `There is no bookmark ${name}.`);
}

function madeMeanwhile(): DomainError {
  return new DomainError('conflict', 'edit_conflict', 'Someone else made it at the same moment: read it and retry.');
}
