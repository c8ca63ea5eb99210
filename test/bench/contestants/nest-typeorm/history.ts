import { randomBytes, randomUUID } from 'node:crypto';
import { instanceToPlain } from 'class-transformer';
import type { EntityManager } from 'typeorm';
import { type Deal, JournalEntry, LoggedEvent, Stream } from './entities.js';

const ZERO = Buffer.alloc(32);

/** A change of a deal. */
export interface Happening {
  readonly deal: Deal;
  readonly actorId: string;
  readonly body: string;
  readonly entry: object;
  readonly events: readonly { readonly type: string; readonly data: object }[];
  readonly at: Date;
}

/** Writes the journal entry and the events of a change in the current transaction. */
export async function record(manager: EntityManager, happening: Happening): Promise<void> {
  const { deal, actorId, body, at } = happening;
  const key = `deals/${deal.id}`;
  const found = await manager.findOne(Stream, { where: { stream: key }, lock: { mode: 'pessimistic_write' } });
  const stream =
    found ??
    manager.create(Stream, { stream: key, version: 0, journalSeq: 0, journalPrevHash: ZERO, journalHash: ZERO });
  const id = randomUUID();
  const [{ hash }] = await manager.query<[{ hash: Buffer }]>(
    `SELECT crm.journal_hash($1, $2, $3, $4, 'system', $5, $6, $7, $8) AS hash`,
    [stream.journalHash, deal.id, stream.journalSeq + 1, id, actorId, body, JSON.stringify(happening.entry), at],
  );
  stream.version += happening.events.length;
  stream.journalSeq += 1;
  stream.journalPrevHash = stream.journalHash;
  stream.journalHash = hash;
  await manager.save(stream);
  await manager.save(entryOf(happening, stream, id));
  await manager.save(eventsOf(manager, happening, stream));
}

function entryOf({ deal, actorId, body, entry, at }: Happening, stream: Stream, id: string): JournalEntry {
  return Object.assign(new JournalEntry(), {
    id,
    dealId: deal.id,
    seq: stream.journalSeq,
    kind: 'system',
    authorId: actorId,
    body,
    data: entry,
    hash: stream.journalHash,
    prevHash: stream.journalPrevHash,
    createdAt: at,
  });
}

function eventsOf(manager: EntityManager, happening: Happening, stream: Stream): LoggedEvent[] {
  const { deal, actorId, events, at } = happening;
  const traceparent = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
  return events.map(({ type, data }, place) =>
    manager.create(LoggedEvent, {
      id: randomUUID(),
      stream: stream.stream,
      streamVersion: stream.version - events.length + 1 + place,
      journalSeq: stream.journalSeq,
      type,
      time: at,
      actorId,
      traceparent,
      dealId: deal.id,
      clientId: deal.clientId,
      audience: audienceOf(deal),
      data,
    }),
  );
}

/** Users with access as owner, then null, then users with access as executor. */
function audienceOf({ ownerId, executorId }: Deal): (string | null)[] {
  if (ownerId === null && executorId === null) return [];
  return [...(ownerId === null ? [] : [ownerId]), null, ...(executorId === null ? [] : [executorId])];
}

/** An entity as the API shows it. */
export function shown(entity: object): Record<string, unknown> {
  return instanceToPlain(entity);
}
