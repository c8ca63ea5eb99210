import { DiscoveryModule } from '@nestjs/core';
import type { TestingModule } from '@nestjs/testing';
import { BusModule } from '#platform/cqrs';
import { DomainError, newId } from '#platform/kernel';
import { MessagingModule } from '#platform/messaging';
import { Database, statement, UnitOfWork } from '#platform/persistence';
import { createTestDatabase, startTestModule, type TestDatabase, testEnvironment, until } from '#platform/testing';
import { MIGRATIONS } from '../../../migrations/index.js';
import { type ImportContext, Importer, type ImportRow, type RowOutcome } from './contracts.js';
import { ImportProgress } from './import-progress.js';
import { ImportRunner } from './import-runner.js';
import { type ImportView, ImportViews } from './import-views.js';
import { ImportRepository } from './import.repository.js';
import { Importers } from './importers.js';

const NOTE = statement('INSERT INTO public.notes (text) VALUES ($1::text)');

/** Notes the rows' names; it takes no `bad` ones. */
class NoteImporter extends Importer {
  readonly kind = 'clients';
  readonly columns = ['name'];
  readonly required = [];
  readonly duplicateRules = [];

  constructor(private readonly database: Database) {
    super();
  }

  override async lock(rows: readonly ImportRow[]): Promise<void> {
    for (const { cells } of rows) await this.database.query(NOTE, [`${cells.name} is locked`]);
  }

  async take(rows: readonly ImportRow[], _: ImportContext, outcome: RowOutcome): Promise<void> {
    for (const { line, cells } of rows) {
      if (cells.name === 'bad') outcome.refuse(line, new DomainError('invalid', 'bad', 'It is bad.'));
      else await this.database.query(NOTE, [cells.name]);
    }
  }
}

describe('the run of an import', () => {
  let database: TestDatabase;
  let app: TestingModule;
  let imports: ImportRepository;

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS);
    await database.rows('CREATE TABLE public.notes (text text, place serial)');
    app = await startTestModule(testEnvironment({ databaseUrl: database.url }), {
      imports: [BusModule.forRoot(), MessagingModule.forRoot({ process: 'api' }), DiscoveryModule],
      providers: [
        ImportRepository,
        ImportViews,
        Importers,
        ImportProgress,
        ImportRunner,
        { provide: NoteImporter, useFactory: (db: Database) => new NoteImporter(db), inject: [Database] },
      ],
    });
    imports = app.get(ImportRepository);
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  const shown = (id: string): Promise<ImportView> => app.get(ImportViews).get(id);
  /** The published states of it, oldest first. */
  const published = async (id: string): Promise<string[]> => {
    const sql = `SELECT data ->> 'state' AS state FROM crm.event_log WHERE stream = $1 ORDER BY stream_version`;
    return (await database.rows<{ state: string }>(sql, [`imports/${id}`])).map(({ state }) => state);
  };

  /** A file of all or nothing with these names, a chunk for each. @returns its id. */
  async function stored(...names: string[]): Promise<string> {
    const id = newId();
    const options = { mode: 'all_or_nothing', duplicates: 'refuse', dry_run: false } as const;
    await imports.begin({ id, kind: 'clients', ...options, columns: ['name'], created_by_id: newId() });
    for (const [number, name] of names.entries()) {
      await imports.addChunk(id, number, JSON.stringify([[number + 2, name]]));
    }
    await imports.setSize(id, names.length, names.length);
    return id;
  }

  const run = (id: string) =>
    app.get(ImportRunner).run(id, { report: () => undefined, stopping: new AbortController().signal });

  /** Runs it by a worker that last saw it being checked. */
  async function runLate(id: string): Promise<void> {
    const seen = await imports.find(id);
    jest.spyOn(imports, 'find').mockResolvedValueOnce({ ...seen!, state: 'checking' });
    await run(id);
  }

  it('applies the file as a whole also by a worker that has not seen that another has checked it', async () => {
    const id = await stored('good', 'bad');
    await imports.enter(id, 'applying');
    await runLate(id);
    expect(await shown(id)).toMatchObject({ state: 'refused', created: 0, failed: 1 });
    expect(await database.rows('SELECT text FROM public.notes')).toEqual([]);
  });

  it('locks the subjects of the whole file before it takes the first row', async () => {
    const id = await stored('one', 'two');
    await imports.enter(id, 'applying');
    await run(id);
    const notes = await database.rows<{ text: string }>('SELECT text FROM public.notes ORDER BY place');
    expect(notes.map(({ text }) => text)).toEqual(['one is locked', 'two is locked', 'one', 'two']);
  });

  it('stays as it ended when a worker comes that has not seen its end', async () => {
    const id = await stored('bad');
    await imports.enter(id, 'checking');
    await imports.advance(id, 1, 1, { created: 0, updated: 0, skipped: 0, failed: 1 });
    await imports.finish(id, 'refused');
    await runLate(id);
    expect(await shown(id)).toMatchObject({ state: 'refused', failed: 1 });
    expect(await published(id)).toEqual([]);
  });

  it('publishes nothing after its end, also when an event was scheduled', async () => {
    const id = await stored('good');
    await imports.enter(id, 'applying');
    const line = app.get(ImportProgress).open(id, () => undefined);
    await app.get(UnitOfWork).run(async () => {
      await imports.advance(id, 1, 1, { created: 1, updated: 0, skipped: 0, failed: 0 });
      line.changed(0);
      const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      await until(async () => (await database.rows(waiting)).length > 0);
      await imports.finish(id, 'done');
      await line.publish();
    });
    await line.close();
    expect(await shown(id)).toMatchObject({ state: 'done', rows_done: 1 });
    expect(await published(id)).toEqual(['done']);
  });
});
