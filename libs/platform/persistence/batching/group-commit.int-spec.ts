import type { TestingModule } from '@nestjs/testing';
import { createTestDatabase, startTestModule, type TestDatabase, testEnvironment, until } from '#platform/testing';
import { Database } from '../connection/database.js';
import { isUnavailable } from '../connection/database-errors.js';
import { GroupCommit } from './group-commit.js';
import { statement } from '../reading/statement.js';
import { UnitOfWork } from '../unit-of-work.js';

interface Note {
  readonly key: string;
  readonly transaction: string;
}

/** Writes what is wanted; `cut` loses the connection. */
const MEMBERS = ['text text', 'is_wanted boolean', 'is_cut boolean'];
const INSERT = `,
    cut AS MATERIALIZED (SELECT pg_terminate_backend(pg_backend_pid()) FROM input WHERE is_cut)
  INSERT INTO public.notes (text) SELECT text FROM input WHERE is_wanted AND (SELECT count(*) FROM cut) = 0
  RETURNING text AS key, txid_current()::text AS transaction`;

describe('a group commit', () => {
  let database: TestDatabase;
  let app: TestingModule;
  let unit: UnitOfWork;
  let group: GroupCommit<Note>;

  beforeAll(async () => {
    database = await createTestDatabase([]);
    await database.rows('CREATE TABLE public.notes (text text PRIMARY KEY CHECK (length(text) < 10))');
    // A statement that waits for a lock must not be freed by the limit of all statements.
    const env = testEnvironment({ databaseUrl: database.url }, { CRM_DATABASE_STATEMENT_TIMEOUT_MS: '300000' });
    app = await startTestModule(env);
    unit = app.get(UnitOfWork);
    group = new GroupCommit(app.get(Database), MEMBERS, INSERT);
  });
  beforeEach(() => database.rows('TRUNCATE public.notes'));
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  /** Writes a note, and gives what came back for it. */
  const write = async (text: string, more: object = {}): Promise<readonly Note[]> => {
    let written: readonly Note[] = [];
    const record = JSON.stringify({ text, is_wanted: true, is_cut: false, ...more });
    await unit.write<Note>(
      () => Promise.resolve(group.write(text, () => record)),
      (rows) => void (written = rows),
    );
    return written;
  };
  const notes = async () =>
    (await database.rows<{ text: string }>('SELECT text FROM public.notes ORDER BY 1')).map(({ text }) => text);

  it('is one transaction for all that is written at the same moment', async () => {
    const written = await Promise.all(['a', 'b', 'c'].map((text) => write(text)));
    expect(written.map((rows) => rows.map(({ key }) => key))).toEqual([['a'], ['b'], ['c']]);
    expect(new Set(written.flat().map(({ transaction }) => transaction)).size).toBe(1);
    expect(await notes()).toEqual(['a', 'b', 'c']);
  });

  it('gives no row to a write whose conditions did not hold', async () => {
    expect(await Promise.all([write('a'), write('b', { is_wanted: false })])).toEqual([[expect.anything()], []]);
    expect(await notes()).toEqual(['a']);
  });

  it('lets none suffer for another that PostgreSQL refuses', async () => {
    await write('taken');
    const answers = await Promise.allSettled(['a', 'taken', 'b', 'far too long'].map((text) => write(text)));
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected']);
    expect(answers.map((answer) => (answer.status === 'rejected' ? (answer.reason as Error).message : ''))).toEqual([
      '',
      expect.stringContaining('notes_pkey'),
      '',
      expect.stringContaining('notes_text_check'),
    ]);
    expect(await notes()).toEqual(['a', 'b', 'taken']);
  });

  it('writes the others while one record waits for a lock', async () => {
    const holder = await app.get(Database).connect('test-holder');
    try {
      await holder.query(`BEGIN; INSERT INTO public.notes VALUES ('held')`);
      const held = write('held').then(
        () => 'written',
        () => 'refused',
      );
      await Promise.all(['a', 'b'].map((text) => write(text)));
      // All of one batch: these are there, and the third still waits.
      expect(await notes()).toEqual(['a', 'b']);
      expect(await Promise.race([held, write('c').then(() => 'later')])).toBe('later');
      await holder.query('ROLLBACK');
      expect(await held).toBe('written');
      expect(await notes()).toEqual(['a', 'b', 'c', 'held']);
    } finally {
      await holder.end();
    }
  });

  it('writes the others while single records wait for locks', async () => {
    const holder = await app.get(Database).connect('test-holder');
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    try {
      await holder.query(`BEGIN; INSERT INTO public.notes VALUES ('held'), ('too')`);
      const held: Promise<readonly Note[]>[] = [];
      for (const text of ['held', 'too']) {
        held.push(write(text));
        await until(async () => (await database.rows(waiting)).length === held.length);
      }
      expect(await write('c')).toHaveLength(1);
      expect(await notes()).toEqual(['c']);
      await holder.query('ROLLBACK');
      await Promise.all(held);
      expect(await notes()).toEqual(['c', 'held', 'too']);
    } finally {
      await holder.end();
    }
  });

  it('leaves a transaction that is open the time that it had to wait', async () => {
    await unit.run(async () => {
      await Promise.all([write('a')]);
      const [row] = await app.get(Database).query<{ lock_timeout: string }>(statement('SHOW lock_timeout'));
      expect(row).toEqual({ lock_timeout: '0' });
    });
  });

  it('writes nothing a second time when a lost connection leaves open what became of it', async () => {
    const answers = await Promise.allSettled([write('a'), write('b', { is_cut: true }), write('c')]);
    expect(answers.map((answer) => answer.status === 'rejected' && isUnavailable(answer.reason))).toEqual([
      true,
      true,
      true,
    ]);
    expect(await notes()).toEqual([]);
  });

  it('writes two of one key one after the other', async () => {
    const answers = await Promise.allSettled([write('same'), write('same')]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(await notes()).toEqual(['same']);
  });

  it('belongs to the transaction that is open, and to no other', async () => {
    const failing = unit.run(async () => {
      const [inside] = await Promise.all([write('inside')]);
      expect(inside).toHaveLength(1);
      throw new Error('after all');
    });
    await Promise.all([write('outside'), expect(failing).rejects.toThrow('after all')]);
    expect(await notes()).toEqual(['outside']);
  });
});
