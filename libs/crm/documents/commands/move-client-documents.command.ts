import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Clock } from '#platform/kernel';
import { EventLog } from '#platform/messaging';
import { Database, statement, UnitOfWork } from '#platform/persistence';
import { type DocumentLinkView, MoveClientDocumentsCommand } from '../contracts.js';
import { documentChange } from '../document-change.js';
import { DOCUMENT_COLUMNS } from '../queries/document-row.js';

/** Links of one client to documents that the other one doesn't have. */
const MISSING = `owner_type = 'client' AND owner_id = $1::uuid AND NOT EXISTS (
  SELECT 1 FROM crm.document_links o
  WHERE o.owner_type = 'client' AND o.owner_id = $2::uuid AND o.document_id = l.document_id)`;
const COUNT = statement(`SELECT count(*)::int AS count FROM crm.document_links l WHERE ${MISSING}`);
const MOVE = statement(
  `UPDATE crm.document_links l SET owner_id = $2::uuid, updated_at = $3::timestamptz WHERE ${MISSING}
   RETURNING ${DOCUMENT_COLUMNS}`,
);
const UNLINK = statement(
  `DELETE FROM crm.document_links WHERE owner_type = 'client' AND owner_id = $1::uuid RETURNING ${DOCUMENT_COLUMNS}`,
);

@CommandHandler(MoveClientDocumentsCommand)
export class MoveClientDocumentsHandler implements ICommandHandler<MoveClientDocumentsCommand> {
  constructor(
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly log: EventLog,
    private readonly clock: Clock,
  ) {}

  async execute(command: MoveClientDocumentsCommand): Promise<number> {
    const { clientId, intoClientId, isDryRun } = command;
    if (isDryRun) {
      const row = await this.database.first<{ count: number }>(COUNT, [clientId, intoClientId]);
      return row?.count ?? 0;
    }
    return this.unitOfWork.run(() => this.move(command));
  }

  private async move({ caller, clientId, intoClientId, audience }: MoveClientDocumentsCommand): Promise<number> {
    const now = this.clock.now();
    const moved = await this.database.query<DocumentLinkView>(MOVE, [clientId, intoClientId, now]);
    const left = await this.database.query<DocumentLinkView>(UNLINK, [clientId]);
    const client = (id: string) => ({ type: 'client', id, dealId: null, clientId: id, audience }) as const;
    const before = moved.map((link) => ({ ...link, owner_id: clientId }));
    const changes = [
      ...[...before, ...left].map((link) => documentChange(client(clientId), link, 'unlinked', caller.userId)),
      ...moved.map((link) => documentChange(client(intoClientId), link, 'linked', caller.userId)),
    ];
    if (changes.length > 0) await this.log.append(changes, now);
    return moved.length;
  }
}
