import { CommandBus, EventsHandler, type IEventHandler } from '@nestjs/cqrs';
import type { TestingModule } from '@nestjs/testing';
import { BusModule } from '#platform/cqrs';
import { type Caller, newId } from '#platform/kernel';
import { MessagingModule } from '#platform/messaging';
import { Database, statement } from '#platform/persistence';
import { createTestDatabase, startTestModule, type TestDatabase, testEnvironment } from '#platform/testing';
import { MIGRATIONS } from '../../../migrations/index.js';
import { OpenDealCommand } from './commands/open-deal.command.js';
import { ReviseDealCommand } from './commands/revise-deal.command.js';
import { DealOpened, DealRevised } from './deal.events.js';
import { DealsModule } from './deals.module.js';

const NOTE = statement('INSERT INTO public.notes (text) VALUES ($1::text)');

/** A second listener of deals, which does what the deal's title says. */
@EventsHandler(DealOpened, DealRevised)
class SecondListener implements IEventHandler<DealOpened | DealRevised> {
  constructor(private readonly database: Database) {}

  async handle({ deal }: DealOpened | DealRevised): Promise<void> {
    if (deal.title.includes('write')) await this.database.query(NOTE, [deal.title]);
    if (deal.title.includes('fail')) throw new RangeError(`cannot ${deal.title}`);
  }
}

describe('a deal and what listens to it', () => {
  let database: TestDatabase;
  let app: TestingModule;
  let commands: CommandBus;
  const seller: Caller = { userId: newId(), roles: new Set(['seller']) };
  const clientId = newId();

  beforeAll(async () => {
    database = await createTestDatabase(MIGRATIONS);
    await database.rows('CREATE TABLE public.notes (text text)');
    await database.rows(
      `INSERT INTO crm.clients (id, name, kind, status, owner_id, version, created_at, updated_at)
       VALUES ($1, 'Иванова', 'person', 'active', $2, 1, now(), now())`,
      [clientId, seller.userId],
    );
    app = await startTestModule(testEnvironment({ databaseUrl: database.url }), {
      imports: [BusModule.forRoot(), MessagingModule.forRoot({ process: 'api' }), DealsModule],
      providers: [SecondListener],
    });
    commands = app.get(CommandBus);
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  const open = (title: string) =>
    commands.execute(new OpenDealCommand(seller, { clientId, title, nextReviewAt: '2026-03-10' }));
  const revise = (id: string, title: string) =>
    commands.execute(new ReviseDealCommand(seller, id, { revision: { title } }));
  /** All that a change could have left anywhere. */
  const traces = () =>
    database.rows(
      `SELECT (SELECT json_agg(d ORDER BY id) FROM crm.deals d) AS deals,
         (SELECT json_agg(j ORDER BY id) FROM crm.journals j) AS journal,
         (SELECT json_agg(e ORDER BY id) FROM crm.event_log e) AS events,
         (SELECT json_agg(s ORDER BY stream) FROM crm.event_streams s) AS streams,
         (SELECT json_agg(n ORDER BY text) FROM public.notes n) AS notes`,
    );

  it.each(['fail', 'write and fail'])(
    'leaves no row, journal entry or event when a listener must %s',
    async (title) => {
      const { id } = await open('КАСКО');
      const before = await traces();
      await expect(open(title)).rejects.toThrow(new RangeError(`cannot ${title}`));
      await expect(revise(id, title)).rejects.toThrow(new RangeError(`cannot ${title}`));
      expect(await traces()).toEqual(before);
    },
  );

  it('is stored together with what a listener writes', async () => {
    const { id } = await open('write first');
    await revise(id, 'write second');
    const notes = await database.rows<{ text: string }>('SELECT text FROM public.notes ORDER BY text');
    expect(notes.map(({ text }) => text)).toEqual(['write first', 'write second']);
    const [counts] = await database.rows(
      `SELECT d.title, (SELECT count(*)::int FROM crm.journals WHERE deal_id = d.id) AS entries,
         (SELECT count(*)::int FROM crm.event_log WHERE deal_id = d.id) AS events FROM crm.deals d WHERE id = $1`,
      [id],
    );
    expect(counts).toEqual({ title: 'write second', entries: 2, events: 2 });
  });
});
