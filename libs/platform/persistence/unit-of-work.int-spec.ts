import { AsyncResource } from 'node:async_hooks';
import type { TestingModule } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { createTestDatabase, startTestModule, type TestDatabase, testEnvironment } from '#platform/testing';
import { Database } from './connection/database.js';
import { statement } from './reading/statement.js';
import { isUnavailable } from './connection/database-errors.js';
import { type BatchOperation, Transaction } from './batching/transaction.js';
import { UnitOfWork } from './unit-of-work.js';

const INSERT = statement('INSERT INTO public.notes (text) VALUES ($1::text)');
const SLOW_INSERT = statement('INSERT INTO public.notes (text) SELECT $1::text FROM pg_sleep(0.05)');
const TRANSACTION = statement('SELECT txid_current()::text AS id');
const CUT = statement('SELECT pg_terminate_backend(pg_backend_pid())');

describe('a unit of work', () => {
  let database: TestDatabase;
  let app: TestingModule;
  let unit: UnitOfWork;
  let sql: Database;

  beforeAll(async () => {
    database = await createTestDatabase([]);
    await database.rows('CREATE TABLE public.notes (text text PRIMARY KEY)');
    const env = testEnvironment({ databaseUrl: database.url }, { CRM_DATABASE_POOL_SIZE: '2' });
    app = await startTestModule(env);
    unit = app.get(UnitOfWork);
    sql = app.get(Database);
  });
  beforeEach(() => database.rows('TRUNCATE public.notes'));
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  const write = (text: string) => sql.query(INSERT, [text]);
  const notes = async () =>
    (await database.rows<{ text: string }>('SELECT text FROM public.notes ORDER BY 1')).map(({ text }) => text);
  const transaction = async () => (await sql.first<{ id: string }>(TRANSACTION))!.id;

  it('commits all that it wrote at once, when its work is done', async () => {
    await unit.run(async () => {
      await write('a');
      expect(await notes()).toEqual([]);
      await write('b');
    });
    expect(await notes()).toEqual(['a', 'b']);
  });

  it('undoes all that it wrote when its work fails, and says why', async () => {
    const failing = unit.run(async () => {
      await write('a');
      throw new RangeError('too far');
    });
    await expect(failing).rejects.toThrow(new RangeError('too far'));
    expect(await notes()).toEqual([]);
  });

  it('fails when a statement failed, even if its work forgives it: the database has given it up', async () => {
    const forgiving = unit.run(async () => {
      await write('a');
      await write('a').catch(() => undefined);
      return 'done';
    });
    await expect(forgiving).rejects.toThrow('notes_pkey');
    expect(await notes()).toEqual([]);
  });

  it('fails when a statement fails that is not awaited', async () => {
    const careless = unit.run(async () => {
      await write('a');
      void sql.query(SLOW_INSERT, ['a']).catch(() => undefined);
    });
    await expect(careless).rejects.toThrow('notes_pkey');
    expect(await notes()).toEqual([]);
  });

  it('fails when it got no connection, even if its work catches that error', async () => {
    const limits = { CRM_DATABASE_POOL_SIZE: '2', CRM_DATABASE_ACQUIRE_TIMEOUT_MS: '3000' };
    const small = await startTestModule(testEnvironment({ databaseUrl: database.url }, limits));
    const units = small.get(UnitOfWork);
    const insert = (text: string) => small.get(Database).query(INSERT, [text]);
    const outside = new AsyncResource('requests of their own');
    const unitOf = (work: () => Promise<unknown>) => outside.runInAsyncScope(() => units.run(work));
    let caught: unknown;
    const late = async () => {
      await insert('c').catch((error: unknown) => (caught = error));
    };
    await unitOf(async () => {
      await insert('a');
      await unitOf(async () => {
        await insert('b');
        await expect(unitOf(late)).rejects.toThrow();
      });
    });
    await small.close();
    expect(isUnavailable(caught)).toBe(true);
    expect(await notes()).toEqual(['a', 'b']);
  });

  it('is joined by what is opened inside it', async () => {
    const failing = unit.run(async () => {
      const outer = await transaction();
      await unit.run(async () => {
        expect(await transaction()).toBe(outer);
        await write('inner');
      });
      expect(await notes()).toEqual([]);
      throw new Error('after all');
    });
    await expect(failing).rejects.toThrow('after all');
    expect(await notes()).toEqual([]);
  });

  it('is apart from those that run beside it', async () => {
    const [one, other] = await Promise.all([
      unit.run(async () => [await transaction(), await transaction()]),
      unit.run(async () => [await transaction(), await transaction()]),
    ]);
    expect(one[0]).toBe(one[1]);
    expect(other[0]).toBe(other[1]);
    expect(one[0]).not.toBe(other[0]);
  });

  it('lets no statement slip behind its end', async () => {
    const failing = unit.run(async () => {
      await write('first');
      await Promise.all([sql.query(SLOW_INSERT, ['late']), Promise.reject(new Error('meanwhile'))]);
    });
    await expect(failing).rejects.toThrow('meanwhile');
    expect(await notes()).toEqual([]);
    await unit.run(async () => {
      await write('first');
      void sql.query(SLOW_INSERT, ['not awaited']);
    });
    expect(await notes()).toEqual(['first', 'not awaited']);
  });

  it('refuses a statement that comes when it is over', async () => {
    let late: (() => Promise<unknown>) | undefined;
    await unit.run(async () => {
      await write('in time');
      const { AsyncResource } = await import('node:async_hooks');
      late = AsyncResource.bind(() => write('too late'));
    });
    await expect(Promise.resolve().then(() => late!())).rejects.toThrow('has ended');
    expect(await notes()).toEqual(['in time']);
  });

  it('runs afterCommit actions after a commit, and not after a rollback', async () => {
    const calls: string[] = [];
    await unit.run(async () => {
      unit.afterCommit(() => calls.push('committed'));
      await write('a');
      expect(calls).toEqual([]);
    });
    expect(calls).toEqual(['committed']);
    const failing = unit.run(async () => {
      unit.afterCommit(() => calls.push('rolled back'));
      await write('a');
    });
    await expect(failing).rejects.toThrow('notes_pkey');
    unit.afterCommit(() => calls.push('none open'));
    expect(calls).toEqual(['committed', 'none open']);
  });

  it('succeeds although an afterCommit action throws, and runs the others', async () => {
    const done: string[] = [];
    await unit.run(async () => {
      await write('a');
      unit.afterCommit(() => {
        throw new Error('an action failed');
      });
      unit.afterCommit(() => void done.push('second'));
    });
    expect(done).toEqual(['second']);
    expect(await notes()).toEqual(['a']);
  });

  it('gives its connection back however it ended', async () => {
    for (let round = 0; round < 5; round++) {
      const failing = unit.run(async () => {
        await write(`round ${round}`);
        throw new Error('again');
      });
      await expect(failing).rejects.toThrow('again');
      await expect(unit.run(() => sql.query(CUT))).rejects.toThrow();
    }
    await unit.run(() => write('still works'));
    expect(await notes()).toEqual(['still works']);
  });

  it('leaves no transaction open on a connection of the pool when its beginning fails', async () => {
    const failing = new Transaction(app.get(DataSource), -1);
    await expect(failing.query(TRANSACTION, [])).rejects.toThrow('lock_timeout');
    await failing.end('rollback');
    const open = await database.rows(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
    );
    expect(open).toEqual([]);
  });

  it('whose connection is cut says that the database is away', async () => {
    const cut = await unit.run(() => sql.query(CUT)).catch((error: unknown) => error);
    expect(isUnavailable(cut)).toBe(true);
    expect(
      isUnavailable(
        await write('a')
          .then(() => write('a'), String)
          .catch((error: unknown) => error),
      ),
    ).toBe(false);
  });

  describe('of one computed statement', () => {
    const inserts: BatchOperation<string, true> = {
      run: async (texts, runStatement) => {
        for (const text of texts) await runStatement(INSERT, [text]);
        return texts.map(() => true);
      },
    };
    const accept = (outputs: readonly true[]): void => expect(outputs).toEqual([true]);

    it('contains the rows that were written while it was computed', async () => {
      await unit.write(
        inserts,
        async () => {
          await write('prepared');
          expect(await notes()).toEqual([]);
          return ['main'];
        },
        accept,
      );
      expect(await notes()).toEqual(['main', 'prepared']);
    });

    it('rolls back the rows that were written while it was computed when it fails', async () => {
      await write('taken');
      const failing = unit.write(
        inserts,
        async () => {
          await write('prepared');
          return ['taken'];
        },
        accept,
      );
      await expect(failing).rejects.toThrow('notes_pkey');
      expect(await notes()).toEqual(['taken']);
    });

    it('belongs to the unit that is open', async () => {
      const failing = unit.run(async () => {
        await unit.write(inserts, () => Promise.resolve(['main']), accept);
        throw new Error('after all');
      });
      await expect(failing).rejects.toThrow('after all');
      expect(await notes()).toEqual([]);
    });
  });
});

describe('what comes from the database', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase([]);
  });
  afterAll(() => database.drop());

  it('is text where JavaScript would lose something: instants, days, large numbers and money', async () => {
    const [row] = await database.rows<Record<string, unknown>>(
      `SELECT '2026-11-23 10:22:58+03'::timestamptz AS whole, '2026-11-23 10:22:58.1+03'::timestamptz AS part,
         '2026-11-23 10:22:58.123456+03'::timestamptz AS fine, '2026-11-23'::date AS day,
         9007199254740993::bigint AS large, 0.10::numeric AS money, 7::int AS small,
         '{"a": [1, null]}'::jsonb AS json, ARRAY['x', 'y'] AS list, NULL::timestamptz AS none`,
    );
    expect(row).toEqual({
      whole: '2026-11-23T07:22:58.000Z',
      part: '2026-11-23T07:22:58.100Z',
      fine: '2026-11-23T07:22:58.123456Z',
      day: '2026-11-23',
      large: '9007199254740993',
      money: '0.10',
      small: 7,
      json: { a: [1, null] },
      list: ['x', 'y'],
      none: null,
    });
  });
});
