import type { TestingModule } from '@nestjs/testing';
import { DomainError, newId } from '#platform/kernel';
import { RequestContext } from '#platform/observability';
import {
  type BatchOperation,
  BatchSelect,
  Database,
  isUnavailable,
  statement,
  UnitOfWork,
} from '#platform/persistence';
import { createTestDatabase, startTestModule, type TestDatabase, testEnvironment, until } from '#platform/testing';
import { CommandBatches } from './command-batches.js';

interface Account {
  readonly id: string;
  readonly balance: number;
}

/** Adds an amount to the balance of an account. */
interface Deposit {
  readonly account: string;
  readonly amount: number;
}

interface Deposited {
  readonly balance: number;
  readonly transaction: string;
}

const LOCK = new BatchSelect<{ id: string }, Account>(
  ['id text'],
  'a.id, a.balance',
  'JOIN public.accounts a ON a.id = i.id ORDER BY a.id FOR NO KEY UPDATE OF a',
);
const UPDATE = statement(`
  UPDATE public.accounts a SET balance = i.balance FROM jsonb_to_recordset($1::jsonb) AS i (id text, balance int)
  WHERE a.id = i.id RETURNING a.id, txid_current()::text AS transaction`);
const SAVE: BatchOperation<Account, string | undefined> = {
  async run(accounts, runStatement) {
    const rows = await runStatement<{ id: string; transaction: string }>(UPDATE, [JSON.stringify(accounts)]);
    return accounts.map(({ id }) => rows.find((row) => row.id === id)?.transaction);
  },
};
const ALL = statement('SELECT id, balance FROM public.accounts ORDER BY id');
const LOCK_TIMEOUT = statement('SHOW lock_timeout');
const CUT = statement('SELECT pg_terminate_backend(pg_backend_pid())');

const BATCH = { maxBatchSize: 4, keyOf: ({ account }: Deposit) => account };
const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const;

const refused = (): DomainError => new DomainError('conflict', 'refused', 'The account refuses the amount.');

describe('command batches', () => {
  let database: TestDatabase;
  let app: TestingModule;
  let unit: UnitOfWork;
  let batches: CommandBatches;

  beforeAll(async () => {
    database = await createTestDatabase([]);
    await database.rows(
      'CREATE TABLE public.accounts (id text PRIMARY KEY, balance int NOT NULL CHECK (balance < 1000))',
    );
    // A statement that waits for a lock must not be ended by the limit of all statements.
    const env = testEnvironment({ databaseUrl: database.url }, { CRM_DATABASE_STATEMENT_TIMEOUT_MS: '300000' });
    app = await startTestModule(env, { providers: [CommandBatches] });
    unit = app.get(UnitOfWork);
    batches = app.get(CommandBatches);
  });
  beforeEach(async () => {
    await database.rows('TRUNCATE public.accounts');
    await database.rows('INSERT INTO public.accounts SELECT unnest($1::text[]), 0', [IDS]);
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  const balances = async (): Promise<Record<string, number>> => {
    const rows = await database.rows<Account>(ALL.text);
    return Object.fromEntries(rows.filter(({ balance }) => balance !== 0).map(({ id, balance }) => [id, balance]));
  };
  /** What a handler does: lock, rule, write. */
  const handle = (
    { account: id, amount }: Deposit,
    { rule, after, target = id }: { rule?: () => unknown; after?: () => unknown; target?: string } = {},
  ): Promise<Deposited> =>
    unit.run(async () => {
      const account = (await unit.execute(LOCK, { id }))!;
      if (amount < 0) throw refused();
      await rule?.();
      const balance = account.balance + amount;
      let transaction = '';
      await unit.write(
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
  const deposit = (account: string, amount = 1, steps?: Parameters<typeof handle>[1]): Promise<Deposited> => {
    const command = { account, amount };
    return batches.execute(BATCH, command, () => handle(command, steps));
  };
  const reasons = (results: readonly PromiseSettledResult<unknown>[]) =>
    results.map((result) => (result.status === 'rejected' ? (result.reason as Error).message : 'done'));
  const transactions = (results: readonly Deposited[]) => new Set(results.map(({ transaction }) => transaction));
  const waiting = () =>
    database.rows(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`);

  it('handles commands that arrive together in one transaction', async () => {
    const results = await Promise.all([deposit('a', 1), deposit('b', 2), deposit('c', 3)]);
    expect(results.map(({ balance }) => balance)).toEqual([1, 2, 3]);
    expect(transactions(results).size).toBe(1);
    expect(await balances()).toEqual({ a: 1, b: 2, c: 3 });
  });

  it('handles no more commands together than maxBatchSize', async () => {
    const results = await Promise.all(IDS.map((id) => deposit(id)));
    expect(transactions(results).size).toBe(2);
  });

  it('handles a lone command at once, in a transaction of its own', async () => {
    expect(await deposit('a')).toMatchObject({ balance: 1 });
    expect(await balances()).toEqual({ a: 1 });
  });

  it('fails a refused command alone, and keeps the others in one transaction', async () => {
    const [a, b, c] = await Promise.allSettled([deposit('a'), deposit('b', -1), deposit('c')]);
    expect(b).toMatchObject({ status: 'rejected', reason: { code: 'refused' } });
    expect([a, c]).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }]);
    expect(transactions([a, c].map((one) => (one as PromiseFulfilledResult<Deposited>).value)).size).toBe(1);
    expect(await balances()).toEqual({ a: 1, c: 1 });
  });

  it('fails a command alone whose row is not written, and keeps the others in one transaction', async () => {
    const missing = deposit('b', 1, { target: 'missing' });
    const [a, b, c] = await Promise.allSettled([deposit('a'), missing, deposit('c')]);
    expect(b).toMatchObject({ status: 'rejected', reason: { code: 'refused' } });
    expect(transactions([a, c].map((one) => (one as PromiseFulfilledResult<Deposited>).value)).size).toBe(1);
    expect(await balances()).toEqual({ a: 1, c: 1 });
  });

  it('handles each command alone when the database refuses one of them', async () => {
    const results = await Promise.allSettled([deposit('a'), deposit('b', 5_000), deposit('c')]);
    expect(reasons(results)).toEqual(['done', expect.stringContaining('accounts_balance_check'), 'done']);
    expect(await balances()).toEqual({ a: 1, c: 1 });
  });

  it('undoes a command that fails after its write, and writes the others once', async () => {
    const failing = { after: () => Promise.reject(new RangeError('too late')) };
    const results = await Promise.allSettled([deposit('a'), deposit('b', 1, failing), deposit('c')]);
    expect(reasons(results)).toEqual(['done', 'too late', 'done']);
    expect(await balances()).toEqual({ a: 1, c: 1 });
  });

  it('handles two commands on one row one after the other, in their order', async () => {
    const results = await Promise.all([deposit('a', 1), deposit('a', 10), deposit('b', 5), deposit('a', 100)]);
    expect(results.map(({ balance }) => balance)).toEqual([1, 11, 5, 111]);
    expect(transactions([results[0], results[2]]).size).toBe(1);
    expect(transactions(results).size).toBe(3);
    expect(await balances()).toEqual({ a: 111, b: 5 });
  });

  it('handles a command alone that needs another statement, which counts once', async () => {
    let reads = 0;
    const reading = {
      rule: async () => {
        expect(await app.get(Database).query(ALL)).toHaveLength(IDS.length);
        reads += 1;
      },
    };
    const results = await Promise.all([deposit('a'), deposit('b', 7, reading), deposit('c')]);
    expect(reads).toBe(1);
    expect(transactions([results[0], results[2]]).size).toBe(1);
    expect(transactions(results).size).toBe(2);
    expect(await balances()).toEqual({ a: 1, b: 7, c: 1 });
  });

  it('handles a command alone whose handler catches the error of that statement', async () => {
    const forgiving = {
      rule: () =>
        app
          .get(Database)
          .query(ALL)
          .catch(() => undefined),
    };
    const results = await Promise.all([deposit('a'), deposit('b', 7, forgiving)]);
    expect(transactions(results).size).toBe(2);
    expect(await balances()).toEqual({ a: 1, b: 7 });
  });

  it('undoes what a command wrote before it needs another statement, and writes it once', async () => {
    const late = { after: () => app.get(Database).query(ALL) };
    const results = await Promise.all([deposit('a'), deposit('b', 7, late), deposit('c')]);
    expect(results.map(({ balance }) => balance)).toEqual([1, 7, 1]);
    expect(await balances()).toEqual({ a: 1, b: 7, c: 1 });
  });

  it('rejects a handler that throws at once, and no other, when the commands are handled alone', async () => {
    const throwing = batches.execute(BATCH, { account: 'b', amount: 1 }, () => {
      throw refused();
    });
    const results = await Promise.allSettled([deposit('a'), throwing, deposit('c', 5_000), deposit('d')]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(reasons(results)[1]).toBe(refused().message);
    expect(await balances()).toEqual({ a: 1, d: 1 });
  });

  it('does not wait for a command that ended with a statement that it did not await', async () => {
    const careless = batches.execute(BATCH, { account: 'b', amount: 1 }, () => {
      void unit.execute(LOCK, { id: 'b' });
      return Promise.reject(refused());
    });
    const results = await Promise.allSettled([deposit('a'), careless, deposit('c')]);
    expect(reasons(results)).toEqual(['done', refused().message, 'done']);
    expect(await balances()).toEqual({ a: 1, c: 1 });
  });

  it('does not write what a refused command did not await', async () => {
    const careless = batches.execute(BATCH, { account: 'b', amount: 5 }, () =>
      unit.run(() => {
        const written = () => Promise.resolve([{ id: 'b', balance: 5 }]);
        unit.write(SAVE, written, () => undefined).catch(() => undefined);
        return Promise.reject(refused());
      }),
    );
    const results = await Promise.allSettled([deposit('a'), careless, deposit('c')]);
    expect(reasons(results)).toEqual(['done', refused().message, 'done']);
    expect(await balances()).toEqual({ a: 1, c: 1 });
  });

  it('writes once in a batch, however many statements its commands run before', async () => {
    const sizes: number[] = [];
    const counted: typeof SAVE = {
      isWrite: true,
      run: (accounts, runStatement) => {
        sizes.push(accounts.length);
        return SAVE.run(accounts, runStatement);
      },
    };
    const add = (id: string, reads: number) =>
      batches.execute(BATCH, { account: id, amount: 1 }, () =>
        unit.run(async () => {
          for (let read = 0; read < reads; read++) await unit.execute(LOCK, { id });
          const inputs = () => Promise.resolve([{ id, balance: 1 }]);
          await unit.write(counted, inputs, () => undefined);
        }),
      );
    await Promise.all([add('a', 1), add('b', 3), add('c', 2)]);
    expect(sizes).toEqual([3]);
    expect(await balances()).toEqual({ a: 1, b: 1, c: 1 });
  });

  it('runs batches and their notifications outside of the request that happened to be the first', async () => {
    const contexts = new CommandBatches(unit, app.get(Database));
    const facts = (requestId: string) => ({ requestId, traceparent: requestId, traceId: requestId });
    const notified: (string | undefined)[] = [];
    const from = (requestId: string, account: string) =>
      RequestContext.run(facts(requestId), () =>
        contexts.execute(BATCH, { account, amount: 1 }, () => {
          unit.afterCommit(() => notified.push(RequestContext.current()?.requestId));
          return handle({ account, amount: 1 });
        }),
      );
    await from('first', 'a');
    await Promise.all([from('second', 'b'), from('third', 'c')]);
    expect(notified).toEqual(['first', 'second', 'third']);
  });

  it('runs in the open transaction when there is one', async () => {
    const failing = unit.run(async () => {
      await deposit('a');
      // The lock timeout of batches does not apply to it.
      expect(await app.get(Database).query(LOCK_TIMEOUT)).toEqual([{ lock_timeout: '0' }]);
      throw new Error('after all');
    });
    const [b] = await Promise.all([deposit('b'), expect(failing).rejects.toThrow('after all')]);
    expect(b.balance).toBe(1);
    expect(await balances()).toEqual({ b: 1 });
  });

  it('carries the request of each caller to its handler, also behind shared statements', async () => {
    const seen: string[] = [];
    const note = () => void seen.push(RequestContext.current()!.requestId);
    const requests = ['a', 'b', 'c'].map((account) =>
      RequestContext.run({ requestId: `of ${account}`, traceparent: '', traceId: newId() }, async () => {
        await deposit(account, 1, { rule: note, after: note });
        return RequestContext.current()!.requestId;
      }),
    );
    expect(await Promise.all(requests)).toEqual(['of a', 'of b', 'of c']);
    expect(seen).toEqual(['of a', 'of b', 'of c', 'of a', 'of b', 'of c']);
  });

  it('notifies after the commit of each command that was done, and of no other', async () => {
    const notified: string[] = [];
    const notifying = (account: string) => ({
      rule: () => unit.afterCommit(() => void notified.push(account)),
      after: account === 'b' ? () => Promise.reject(refused()) : undefined,
    });
    await Promise.allSettled(['a', 'b', 'c'].map((account) => deposit(account, 1, notifying(account))));
    expect(notified.sort()).toEqual(['a', 'c']);
  });

  it('writes nothing and fails every command when the connection is lost', async () => {
    const cutting: BatchOperation<string, never> = { run: (_ids, runStatement) => runStatement(CUT, []) };
    const cut = { rule: () => unit.execute(cutting, 'b') };
    const results = await Promise.allSettled([deposit('a'), deposit('b', 1, cut), deposit('c')]);
    expect(results.map((result) => result.status === 'rejected' && isUnavailable(result.reason))).toEqual([
      true,
      true,
      true,
    ]);
    expect(await balances()).toEqual({});
  });

  describe('while another transaction has locked a row', () => {
    const whileLocked = async (ids: readonly string[], work: (release: () => Promise<unknown>) => Promise<void>) => {
      const locker = await app.get(Database).connect('test-locker');
      try {
        await locker.query('BEGIN');
        await locker.query('SELECT FROM public.accounts WHERE id = ANY ($1) FOR UPDATE', [ids]);
        await work(() => locker.query('ROLLBACK'));
      } finally {
        await locker.end();
      }
    };

    it('handles the other commands of the batch, and those behind it', async () => {
      await whileLocked(['b'], async (release) => {
        let isDone = false;
        const blocked = deposit('b').finally(() => (isDone = true));
        await Promise.all(['a', 'c'].map((account) => deposit(account)));
        await Promise.all(['d', 'e', 'f', 'g', 'h'].map((account) => deposit(account)));
        expect(isDone).toBe(false);
        expect(await balances()).toEqual({ a: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1 });
        await release();
        expect(await blocked).toMatchObject({ balance: 1 });
      });
    });

    it('is not blocked by as many lone commands as there are concurrent batches', async () => {
      await whileLocked(['a', 'b'], async (release) => {
        const blocked: Promise<Deposited>[] = [];
        for (const account of ['a', 'b']) {
          blocked.push(deposit(account));
          await until(async () => (await waiting()).length === blocked.length);
        }
        expect(await deposit('c')).toMatchObject({ balance: 1 });
        await release();
        await Promise.all(blocked);
        expect(await balances()).toEqual({ a: 1, b: 1, c: 1 });
      });
    });

    it('keeps the order of the commands on the locked row', async () => {
      await whileLocked(['b'], async (release) => {
        const blocked = Promise.all([deposit('b', 1), deposit('b', 10), deposit('b', 100)]);
        await deposit('a');
        await release();
        expect((await blocked).map(({ balance }) => balance)).toEqual([1, 11, 111]);
      });
    });
  });
});
