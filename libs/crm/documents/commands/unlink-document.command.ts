import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type Caller, Clock } from '#platform/kernel';
import { EventLog } from '#platform/messaging';
import { Database, statement, UnitOfWork } from '#platform/persistence';
import type { DocumentLinkView, DocumentOwner } from '../contracts.js';
import { DocumentOwners } from '../document-owners.js';
import { documentChange } from '../document-change.js';
import { documentNotLinked } from '../document.errors.js';
import { DOCUMENT_COLUMNS } from '../queries/document-row.js';

/** Takes the link to a document away; the document itself stays in the Documents service. */
export class UnlinkDocumentCommand extends Command<void> {
  constructor(
    readonly caller: Caller,
    readonly ownerType: DocumentOwner,
    readonly ownerId: string,
    readonly documentId: string,
  ) {
    super();
  }
}

const UNLINK = statement(
  `DELETE FROM crm.document_links WHERE owner_type = $1::text AND owner_id = $2::uuid AND document_id = $3::uuid
   RETURNING ${DOCUMENT_COLUMNS}`,
);

@CommandHandler(UnlinkDocumentCommand)
export class UnlinkDocumentHandler implements ICommandHandler<UnlinkDocumentCommand> {
  constructor(
    private readonly owners: DocumentOwners,
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
    private readonly log: EventLog,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `document_not_linked`. */
  async execute({ caller, ownerType, ownerId, documentId }: UnlinkDocumentCommand): Promise<void> {
    await this.unitOfWork.run(async () => {
      const owner = await this.owners.require(ownerType, ownerId, caller, 'delete');
      const link = await this.database.first<DocumentLinkView>(UNLINK, [ownerType, owner.id, documentId]);
      if (!link) throw documentNotLinked();
      await this.log.append([documentChange(owner, link, 'unlinked', caller.userId)], this.clock.now());
    });
  }
}
