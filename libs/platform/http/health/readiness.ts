import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { Database, migrationLevel, type MigrationClass, statement } from '#platform/persistence';

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
    this.add({ name: 'database', check: () => this.requireSchema() });
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
   * The schema must be the one this code was written for: an older one lacks what it writes, a newer one may have
   * rules that it breaks.
   * @throws Error naming the difference.
   */
  async requireSchema(): Promise<void> {
    const level = await migrationLevel((sql) => this.database.query<{ name: string }>(statement(sql)), this.migrations);
    if (level !== 'equal')
      throw new Error(`the database's schema is ${level} than this code: run the matching migrate`);
  }

  private requireRunning(): void {
    if (this.isStopping) throw new Error('stopping');
  }
}
