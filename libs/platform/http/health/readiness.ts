import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { Database, migrationLevel, type MigrationClass, type MigrationLevel, statement } from '#platform/persistence';

/** Something that must be so before traffic is sent here. */
export interface ReadinessCheck {
  readonly name: string;
  /** @throws Error saying what is not so. */
  readonly check: () => Promise<void> | void;
}

/** Says whether this process may be sent traffic. */
@Injectable()
export class Readiness implements BeforeApplicationShutdown {
  private readonly checks: ReadinessCheck[] = [];
  private isStopping = false;

  constructor(
    private readonly database: Database,
    private readonly migrations: readonly MigrationClass[],
  ) {
    this.add({ name: 'process', check: () => this.requireRunning() });
    this.add({ name: 'database', check: () => this.requireNoOlderSchema() });
  }

  add(check: ReadinessCheck): void {
    this.checks.push(check);
  }

  get all(): readonly ReadinessCheck[] {
    return this.checks;
  }

  beforeApplicationShutdown(): void {
    this.isStopping = true;
  }

  /**
   * Before it starts: the schema must be the one this code was written for. An older one lacks what it writes, a newer
   * one may have rules that it was never tried with.
   * @throws Error naming the difference.
   */
  async requireSchema(): Promise<void> {
    const level = await this.schemaLevel();
    if (level !== 'equal') throw otherSchema(level);
  }

  /** While it runs: a schema that was migrated under it only added, and the next release has yet to take over. */
  private async requireNoOlderSchema(): Promise<void> {
    const level = await this.schemaLevel();
    if (level === 'older') throw otherSchema(level);
  }

  private schemaLevel(): Promise<MigrationLevel> {
    return migrationLevel((sql) => this.database.query<{ name: string }>(statement(sql)), this.migrations);
  }

  private requireRunning(): void {
    if (this.isStopping) throw new Error('stopping');
  }
}

function otherSchema(level: MigrationLevel): Error {
  const remedy = level === 'older' ? 'run migrate' : 'run the release that migrated it';
  return new Error(`the database's schema is ${level} than this code: ${remedy}`);
}
