import { newId } from '#platform/kernel';
import { RequestContext } from '#platform/observability';
import { statement } from '#platform/persistence';
import { Accounts, BATCH, type Deposited, IDS, LOCK, refused, SAVE, transactionsOf } from './accounts.fixture.js';
import { CommandBatches } from './command-batches.js';

const LOCK_TIMEOUT = statement('SHOW lock_timeout');

describe('command batches', () => {
  let accounts: Accounts;

  beforeAll(async () => {
    accounts = await Accounts.start();
  });
  beforeEach(() => accounts.reset());
  afterAll(() => accounts.stop());

  it('handles commands that arrive together in one transaction', async () => {
    const results = await Promise.all([accounts.deposit('a', 1), accounts.deposit('b', 2), accounts.deposit('c', 3)]);
    expect(results.map(({ balance }) => balance)).toEqual([1, 2, 3]);
    expect(transactionsOf(results).size).toBe(1);
    expect(await accounts.balances()).toEqual({ a: 1, b: 2, c: 3 });
  });

  it('handles no more commands together than maxBatchSize', async () => {
    const results = await Promise.all(IDS.map((id) => accounts.deposit(id)));
    expect(transactionsOf(results).size).toBe(2);
  });

  it('handles a lone command at once, in a transaction of its own', async () => {
    expect(await accounts.deposit('a')).toMatchObject({ balance: 1 });
    expect(await accounts.balances()).toEqual({ a: 1 });
  });

  it('fails a refused command alone, and keeps the others in one transaction', async () => {
    const [a, b, c] = await Promise.allSettled([
      accounts.deposit('a'),
      accounts.deposit('b', -1),
      accounts.deposit('c'),
    ]);
    expect(b).toMatchObject({ status: 'rejected', reason: { code: 'refused' } });
    expect([a, c]).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }]);
    expect(transactionsOf([a, c].map((one) => (one as PromiseFulfilledResult<Deposited>).value)).size).toBe(1);
    expect(await accounts.balances()).toEqual({ a: 1, c: 1 });
  });

  it('fails a command alone whose row is not written, and keeps the others in one transaction', async () => {
    const missing = accounts.deposit('b', 1, { target: 'missing' });
    const [a, b, c] = await Promise.allSettled([accounts.deposit('a'), missing, accounts.deposit('c')]);
    expect(b).toMatchObject({ status: 'rejected', reason: { code: 'refused' } });
    expect(transactionsOf([a, c].map((one) => (one as PromiseFulfilledResult<Deposited>).value)).size).toBe(1);
    expect(await accounts.balances()).toEqual({ a: 1, c: 1 });
  });

  it('handles two commands on one row one after the other, in their order', async () => {
    const results = await Promise.all([
      accounts.deposit('a', 1),
      accounts.deposit('a', 10),
      accounts.deposit('b', 5),
      accounts.deposit('a', 100),
    ]);
    expect(results.map(({ balance }) => balance)).toEqual([1, 11, 5, 111]);
    expect(transactionsOf([results[0], results[2]]).size).toBe(1);
    expect(transactionsOf(results).size).toBe(3);
    expect(await accounts.balances()).toEqual({ a: 111, b: 5 });
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
      accounts.batches.execute(BATCH, { account: id, amount: 1 }, () =>
        accounts.unit.run(async () => {
          for (let read = 0; read < reads; read++) await accounts.unit.execute(LOCK, { id });
          const inputs = () => Promise.resolve([{ id, balance: 1 }]);
          await accounts.unit.write(counted, inputs, () => undefined);
        }),
      );
    await Promise.all([add('a', 1), add('b', 3), add('c', 2)]);
    expect(sizes).toEqual([3]);
    expect(await accounts.balances()).toEqual({ a: 1, b: 1, c: 1 });
  });

  it('runs batches and their notifications outside of the request that happened to be the first', async () => {
    const contexts = new CommandBatches(accounts.unit, accounts.sql);
    const facts = (requestId: string) => ({ requestId, traceparent: requestId, traceId: requestId });
    const notified: (string | undefined)[] = [];
    const from = (requestId: string, account: string) =>
      RequestContext.run(facts(requestId), () =>
        contexts.execute(BATCH, { account, amount: 1 }, () => {
          accounts.unit.afterCommit(() => notified.push(RequestContext.current()?.requestId));
          return accounts.handle({ account, amount: 1 });
        }),
      );
    await from('first', 'a');
    await Promise.all([from('second', 'b'), from('third', 'c')]);
    expect(notified).toEqual(['first', 'second', 'third']);
  });

  it('runs in the open transaction when there is one', async () => {
    const failing = accounts.unit.run(async () => {
      await accounts.deposit('a');
      // The lock timeout of batches does not apply to it.
      expect(await accounts.sql.query(LOCK_TIMEOUT)).toEqual([{ lock_timeout: '0' }]);
      throw new Error('after all');
    });
    const [b] = await Promise.all([accounts.deposit('b'), expect(failing).rejects.toThrow('after all')]);
    expect(b.balance).toBe(1);
    expect(await accounts.balances()).toEqual({ b: 1 });
  });

  it('carries the request of each caller to its handler, also behind shared statements', async () => {
    const seen: string[] = [];
    const note = () => void seen.push(RequestContext.current()!.requestId);
    const requests = ['a', 'b', 'c'].map((account) =>
      RequestContext.run({ requestId: `of ${account}`, traceparent: '', traceId: newId() }, async () => {
        await accounts.deposit(account, 1, { rule: note, after: note });
        return RequestContext.current()!.requestId;
      }),
    );
    expect(await Promise.all(requests)).toEqual(['of a', 'of b', 'of c']);
    expect(seen).toEqual(['of a', 'of b', 'of c', 'of a', 'of b', 'of c']);
  });

  it('notifies after the commit of each command that was done, and of no other', async () => {
    const notified: string[] = [];
    const notifying = (account: string) => ({
      rule: () => accounts.unit.afterCommit(() => void notified.push(account)),
      after: account === 'b' ? () => Promise.reject(refused()) : undefined,
    });
    await Promise.allSettled(['a', 'b', 'c'].map((account) => accounts.deposit(account, 1, notifying(account))));
    expect(notified.sort()).toEqual(['a', 'c']);
  });
});
