import { isDeepStrictEqual } from 'node:util';
import { AggregateRoot } from '@nestjs/cqrs';
import { DomainError, type ExpectedVersion, type Instant } from '#platform/kernel';
import { Column, PrimaryColumn } from 'typeorm';

/** Members of a view that every change updates. */
const BOOKKEEPING = new Set(['version', 'updated_at']);

/**
 * Base of every entity that changes: identity, optimistic lock, soft delete, and the events it has applied
 * but that are not stored yet.
 */
export abstract class Aggregate extends AggregateRoot {
  /** UUIDv7, made by the service. */
  @PrimaryColumn('uuid')
  readonly id!: string;

  /** 1, 2, 3 …: one step for each stored change; the ETag of the resource. */
  @Column('int')
  protected version = 0;

  @Column('timestamptz', { name: 'created_at' })
  protected createdAt!: Instant;

  @Column('timestamptz', { name: 'updated_at' })
  protected updatedAt!: Instant;

  @Column('boolean', { name: 'is_deleted' })
  protected isDeleted = false;

  @Column('timestamptz', { name: 'deleted_at', nullable: true })
  protected deletedAt: Instant | null = null;

  @Column('uuid', { name: 'deleted_by_id', nullable: true })
  protected deletedById: string | null = null;

  /** The version that the row had when it was read; 0 for one that is not stored yet. */
  loadedVersion = 0;

  /** True once the caller named the version it saw: losing a race then means that this version is gone. */
  isVersionExpected = false;

  /**
   * Refuses a change that is based on another version than the loaded one.
   * @throws DomainError stale `version_mismatch`.
   */
  expectVersion(expected: ExpectedVersion): void {
    if (!expected) return;
    if (!expected.includes(this.loadedVersion)) throw versionMismatch();
    this.isVersionExpected = true;
  }

  /** The version that a save stores. */
  get currentVersion(): number {
    return this.version;
  }

  /** Initializes a new aggregate: the first version, not stored yet. */
  protected begin(id: string, now: Instant): void {
    (this as { id: string }).id = id;
    this.version = 1;
    this.createdAt = now;
    this.updatedAt = now;
  }

  /** Marks a change: the next version, however many verbs one command calls. */
  protected touch(now: Instant): void {
    this.version = this.loadedVersion + 1;
    this.updatedAt = now;
  }

  /**
   * The given facts that differ from the property of the same name; undefined when none does. A verb asks for it before
   * its guards, so that a request that changes nothing is never refused. An absent fact keeps its value.
   */
  protected differing<Facts extends object>(facts: Facts): Partial<Facts> | undefined {
    const differing = Object.entries(facts).filter(
      ([field, value]) => value !== undefined && !isDeepStrictEqual(value, Reflect.get(this, field)),
    );
    return differing.length > 0 ? (Object.fromEntries(differing) as Partial<Facts>) : undefined;
  }

  /**
   * Returns the previous values of the members that differ between two views; undefined when none does. Version and time of
   * the update are left out, since every change moves them.
   */
  protected diff<View extends object>(before: View, after: View): Partial<View> | undefined {
    const previous = Object.entries(before).filter(
      ([member, value]) => !BOOKKEEPING.has(member) && !isDeepStrictEqual(value, Reflect.get(after, member)),
    );
    return previous.length > 0 ? (Object.fromEntries(previous) as Partial<View>) : undefined;
  }

  /** Soft delete: the row stays, and no list or read shows it again. */
  protected markDeleted(actorId: string, now: Instant): void {
    this.touch(now);
    this.isDeleted = true;
    this.deletedAt = now;
    this.deletedById = actorId;
  }
}

/** The refusal of a change that is based on an old version. */
export function versionMismatch(): DomainError {
  return new DomainError('stale', 'version_mismatch', 'It was changed since you read it: read it again and retry.');
}
