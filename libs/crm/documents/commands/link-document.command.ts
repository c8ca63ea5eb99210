import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Caller, Clock, newId } from '#platform/kernel';
import { EventLog } from '#platform/messaging';
import { Database, statement, UnitOfWork } from '#platform/persistence';
import type { DocumentLinkView, DocumentOwner } from '../contracts.js';
import { DocumentOwners } from '../document-owners.js';
import { documentChange } from '../document-change.js';
import { documentAlreadyLinked } from '../document.errors.js';
import { DOCUMENT_COLUMNS } from '../queries/document-row.js';

/** Links a document of the Documents service to a deal, policy or client. */
export class LinkDocumentCommand extends Command<DocumentLinkView> {
  constructor(
    readonly caller: Caller,
    readonly ownerType: DocumentOwner,
    readonly ownerId: string,
    readonly documentId: string,
    readonly title: string | null,
  ) {
    super();
  }
}

const LINK = statement(
  `INSERT INTO crm.document_links (id, owner_type, owner_id, document_id, title, created_by_id, created_at, updated_at)
   VALUES ($1::uuid, $2::text, $3::uuid, $4::uuid, $5::text, $6::uuid, $7::timestamptz, $7::timestamptz)
   ON CONFLICT DO NOTHING RETURNING ${DOCUMENT_COLUMNS}`,
);

@CommandHandler(LinkDocumentCommand)
export class LinkDocumentHandler implements ICommandHandler<LinkDocumentCommand> {
  constructor(
    private readonly owners: DocumentOwners,
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly log: EventLog,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `document_already_linked`. */
  async execute({ caller, ownerType, ownerId, documentId, title }: LinkDocumentCommand): Promise<DocumentLinkView> {
    return this.unitOfWork.run(async () => {
      const owner = await this.owners.require(ownerType, ownerId, caller, 'create');
      const now = this.clock.now();
      const values = [newId(), ownerType, owner.id, documentId, title, caller.userId, now];
      const link = await this.database.first<DocumentLinkView>(LINK, values);
      if (!link) throw documentAlreadyLinked();
      await this.log.append([documentChange(owner, link, 'linked', caller.userId)], now);
      return link;
    });
  }
}
