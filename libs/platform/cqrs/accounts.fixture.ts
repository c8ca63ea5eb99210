import type { TestingModule } from '@nestjs/testing';
import { DomainError } from '#platform/kernel';
import { type BatchOperation, BatchSelect, Database, statement, UnitOfWork } from '#platform/persistence';
import { createTestDatabase, startTestModule, type TestDatabase, testEnvironment } from '#platform/testing';
import { CommandBatches } from './command-batches.js';

export interface Account {
  readonly id: string;
  readonly balance: number;
}

/** Adds an amount to the balance of an account. */
interface Deposit {
  readonly account: string;
  readonly amount: number;
}

export interface Deposited {
  readonly balance: number;
  readonly transaction: string;
}

/** Additional steps of a handler. */
interface Steps {
  /** Runs between lock and write. */
  readonly rule?: () => unknown;
  /** Runs after the write. */
  readonly after?: () => unknown;
  /** The account that is written; the locked one by default. */
  readonly target?: string;
}

export const LOCK = new BatchSelect<{ id: string }, Account>(
  ['id text'],
  'a.id, a.balance',
  'JOIN public.accounts a ON a.id = i.id ORDER BY a.id FOR NO KEY UPDATE OF a',
);
const UPDATE = statement(`
  UPDATE public.accounts a SET balance = i.balance FROM jsonb_to_recordset($1::jsonb) AS i (id text, balance int)
  WHERE a.id = i.id RETURNING a.id, txid_current()::text AS transaction`);
export const SAVE: BatchOperation<Account, string | undefined> = {
  async run(accounts, runStatement) {
    const rows = await runStatement<{ id: string; transaction: string }>(UPDATE, [JSON.stringify(accounts)]);
    return accounts.map(({ id }) => rows.find((row) => row.id === id)?.transaction);
  },
};
export const ALL = statement('SELECT id, balance FROM public.accounts ORDER BY id');

export const BATCH = { maxBatchSize: 4, keyOf: ({ account }: Deposit) => account };
export const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const;

export const refused = (): DomainError => new DomainError('conflict', 'refused', 'The account refuses the amount.');

/** Accounts in a database, and the commands that change them; a balance stays below 1000. */
export class Accounts {
  private constructor(
    private readonly database: TestDatabase,
    private readonly app: TestingModule,
  ) {}

  static async start(): Promise<Accounts> {
    const database = await createTestDatabase([]);
    await database.rows(
      'CREATE TABLE public.accounts (id text PRIMARY KEY, balance int NOT NULL CHECK (balance < 1000))',
    );
    // A statement that waits for a lock must not be ended by the limit of all statements.
    const env = testEnvironment({ databaseUrl: database.url }, { CRM_DATABASE_STATEMENT_TIMEOUT_MS: '300000' });
    return new Accounts(database, await startTestModule(env, { providers: [CommandBatches] }));
  }

  get unit(): UnitOfWork {
    return this.app.get(UnitOfWork);
  }

  get sql(): Database {
    return this.app.get(Database);
  }

  get batches(): CommandBatches {
    return this.app.get(CommandBatches);
  }

  /** Sets every balance to 0. */
  async reset(): Promise<void> {
    await this.database.rows('TRUNCATE public.accounts');
    await this.database.rows('INSERT INTO public.accounts SELECT unnest($1::text[]), 0', [IDS]);
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.database.drop();
  }

  /** Balances that are not 0, by account. */
  async balances(): Promise<Record<string, number>> {
    const rows = await this.database.rows<Account>(ALL.text);
    return Object.fromEntries(rows.filter(({ balance }) => balance !== 0).map(({ id, balance }) => [id, balance]));
  }

  /** What a handler does: lock, rule, write. */
  handle({ account: id, amount }: Deposit, { rule, after, target = id }: Steps = {}): Promise<Deposited> {
    return this.unit.run(async () => {
      const account = (await this.unit.execute(LOCK, { id }))!;
      if (amount < 0) throw refused();
      await rule?.();
      const balance = account.balance + amount;
      let transaction = '';
      await this.unit.write(
        SAVE,
        () => Promise.resolve([{ id: target, balance }]),
        ([written]) => {
          if (written === undefined) throw refused();
          transaction = written;
        },
      );
      await after?.();
      return { balance, transaction };
    });
  }

  deposit(account: string, amount = 1, steps?: Steps, batch = BATCH): Promise<Deposited> {
    const command = { account, amount };
    return this.batches.execute(batch, command, () => this.handle(command, steps));
  }

  /** Sessions that wait for a lock. */
  waiting(): Promise<unknown[]> {
    return this.database.rows(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
  }

  /** Runs `work` while another transaction has locked the accounts. */
  async whileLocked(ids: readonly string[], work: (release: () => Promise<unknown>) => Promise<void>): Promise<void> {
    const locker = await this.sql.connect('test-locker');
    try {
      await locker.query('BEGIN');
      await locker.query('SELECT FROM public.accounts WHERE id = ANY ($1) FOR UPDATE', [ids]);
      await work(() => locker.query('ROLLBACK'));
    } finally {
      await locker.end();
    }
  }
}

/** The messages of rejected results, `done` for the others. */
export function reasonsOf(results: readonly PromiseSettledResult<unknown>[]): string[] {
  return results.map((result) => (result.status === 'rejected' ? (result.reason as Error).message : 'done'));
}

export function transactionsOf(results: readonly Deposited[]): ReadonlySet<string> {
  return new Set(results.map(({ transaction }) => transaction));
}
