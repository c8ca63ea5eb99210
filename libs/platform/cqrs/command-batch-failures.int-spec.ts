import { type BatchOperation, isUnavailable, statement } from '#platform/persistence';
import { until } from '#platform/testing';
import {
  Accounts,
  ALL,
  BATCH,
  type Deposited,
  IDS,
  LOCK,
  reasonsOf,
  refused,
  SAVE,
  transactionsOf,
} from './accounts.fixture.js';

const CUT = statement('SELECT pg_terminate_backend(pg_backend_pid())');

describe('a batch of commands that fails', () => {
  let accounts: Accounts;

  beforeAll(async () => {
    accounts = await Accounts.start();
  });
  beforeEach(() => accounts.reset());
  afterAll(() => accounts.stop());

  it('handles each command alone when the database refuses one of them', async () => {
    const results = await Promise.allSettled([
      accounts.deposit('a'),
      accounts.deposit('b', 5_000),
      accounts.deposit('c'),
    ]);
    expect(reasonsOf(results)).toEqual(['done', expect.stringContaining('accounts_balance_check'), 'done']);
    expect(await accounts.balances()).toEqual({ a: 1, c: 1 });
  });

  it('undoes a command that fails after its write, and writes the others once', async () => {
    const failing = { after: () => Promise.reject(new RangeError('too late')) };
    const results = await Promise.allSettled([
      accounts.deposit('a'),
      accounts.deposit('b', 1, failing),
      accounts.deposit('c'),
    ]);
    expect(reasonsOf(results)).toEqual(['done', 'too late', 'done']);
    expect(await accounts.balances()).toEqual({ a: 1, c: 1 });
  });

  it('handles a command alone that needs another statement, which counts once', async () => {
    let reads = 0;
    const reading = {
      rule: async () => {
        expect(await accounts.sql.query(ALL)).toHaveLength(IDS.length);
        reads += 1;
      },
    };
    const results = await Promise.all([
      accounts.deposit('a'),
      accounts.deposit('b', 7, reading),
      accounts.deposit('c'),
    ]);
    expect(reads).toBe(1);
    expect(transactionsOf([results[0], results[2]]).size).toBe(1);
    expect(transactionsOf(results).size).toBe(2);
    expect(await accounts.balances()).toEqual({ a: 1, b: 7, c: 1 });
  });

  it('handles a command alone whose handler catches the error of that statement', async () => {
    const forgiving = {
      rule: () => accounts.sql.query(ALL).catch(() => undefined),
    };
    const results = await Promise.all([accounts.deposit('a'), accounts.deposit('b', 7, forgiving)]);
    expect(transactionsOf(results).size).toBe(2);
    expect(await accounts.balances()).toEqual({ a: 1, b: 7 });
  });

  it('undoes what a command wrote before it needs another statement, and writes it once', async () => {
    const late = { after: () => accounts.sql.query(ALL) };
    const results = await Promise.all([accounts.deposit('a'), accounts.deposit('b', 7, late), accounts.deposit('c')]);
    expect(results.map(({ balance }) => balance)).toEqual([1, 7, 1]);
    expect(await accounts.balances()).toEqual({ a: 1, b: 7, c: 1 });
  });

  it('rejects a handler that throws at once, and no other, when the commands are handled alone', async () => {
    const throwing = accounts.batches.execute(BATCH, { account: 'b', amount: 1 }, () => {
      throw refused();
    });
    const results = await Promise.allSettled([
      accounts.deposit('a'),
      throwing,
      accounts.deposit('c', 5_000),
      accounts.deposit('d'),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(reasonsOf(results)[1]).toBe(refused().message);
    expect(await accounts.balances()).toEqual({ a: 1, d: 1 });
  });

  it('does not wait for a command that ended with a statement that it did not await', async () => {
    const careless = accounts.batches.execute(BATCH, { account: 'b', amount: 1 }, () => {
      void accounts.unit.execute(LOCK, { id: 'b' });
      return Promise.reject(refused());
    });
    const results = await Promise.allSettled([accounts.deposit('a'), careless, accounts.deposit('c')]);
    expect(reasonsOf(results)).toEqual(['done', refused().message, 'done']);
    expect(await accounts.balances()).toEqual({ a: 1, c: 1 });
  });

  it('does not write what a refused command did not await', async () => {
    const careless = accounts.batches.execute(BATCH, { account: 'b', amount: 5 }, () =>
      accounts.unit.run(() => {
        const written = () => Promise.resolve([{ id: 'b', balance: 5 }]);
        accounts.unit.write(SAVE, written, () => undefined).catch(() => undefined);
        return Promise.reject(refused());
      }),
    );
    const results = await Promise.allSettled([accounts.deposit('a'), careless, accounts.deposit('c')]);
    expect(reasonsOf(results)).toEqual(['done', refused().message, 'done']);
    expect(await accounts.balances()).toEqual({ a: 1, c: 1 });
  });

  it('writes nothing and fails every command when the connection is lost', async () => {
    const cutting: BatchOperation<string, never> = { run: (_ids, runStatement) => runStatement(CUT, []) };
    const cut = { rule: () => accounts.unit.execute(cutting, 'b') };
    const results = await Promise.allSettled([
      accounts.deposit('a'),
      accounts.deposit('b', 1, cut),
      accounts.deposit('c'),
    ]);
    expect(results.map((result) => result.status === 'rejected' && isUnavailable(result.reason))).toEqual([
      true,
      true,
      true,
    ]);
    expect(await accounts.balances()).toEqual({});
  });

  it('handles a few commands at a time when it handles them alone', async () => {
    let running = 0;
    let most = 0;
    const refusedOnce = new Set<string>();
    const counting = (account: string) => ({
      rule: async () => {
        // Only the retries are counted: in the batch all commands run side by side.
        if (!refusedOnce.has(account)) return void refusedOnce.add(account);
        running += 1;
        most = Math.max(most, running);
        await accounts.sql.query(ALL);
      },
      after: () => void (refusedOnce.has(account) && (running -= 1)),
    });
    const batch = { ...BATCH, maxBatchSize: IDS.length };
    const results = await Promise.allSettled(
      IDS.map((id) => accounts.deposit(id, id === 'h' ? 5_000 : 1, counting(id), batch)),
    );
    expect(reasonsOf(results).filter((reason) => reason === 'done')).toHaveLength(IDS.length - 1);
    expect(most).toBeLessThanOrEqual(4);
  });

  describe('while another transaction has locked a row', () => {
    it('handles the other commands of the batch, and those behind it', async () => {
      await accounts.whileLocked(['b'], async (release) => {
        let isDone = false;
        const blocked = accounts.deposit('b').finally(() => (isDone = true));
        await Promise.all(['a', 'c'].map((account) => accounts.deposit(account)));
        await Promise.all(['d', 'e', 'f', 'g', 'h'].map((account) => accounts.deposit(account)));
        expect(isDone).toBe(false);
        expect(await accounts.balances()).toEqual({ a: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1 });
        await release();
        expect(await blocked).toMatchObject({ balance: 1 });
      });
    });

    it('is not blocked by as many lone commands as there are concurrent batches', async () => {
      await accounts.whileLocked(['a', 'b'], async (release) => {
        const blocked: Promise<Deposited>[] = [];
        for (const account of ['a', 'b']) {
          blocked.push(accounts.deposit(account));
          await until(async () => (await accounts.waiting()).length === blocked.length);
        }
        expect(await accounts.deposit('c')).toMatchObject({ balance: 1 });
        await release();
        await Promise.all(blocked);
        expect(await accounts.balances()).toEqual({ a: 1, b: 1, c: 1 });
      });
    });

    it('keeps the order of the commands on the locked row', async () => {
      await accounts.whileLocked(['b'], async (release) => {
        const blocked = Promise.all([accounts.deposit('b', 1), accounts.deposit('b', 10), accounts.deposit('b', 100)]);
        await accounts.deposit('a');
        await release();
        expect((await blocked).map(({ balance }) => balance)).toEqual([1, 11, 111]);
      });
    });
  });
});
