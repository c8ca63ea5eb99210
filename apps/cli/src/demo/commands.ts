/** The operations that a demo book is made with: the same ones that the API runs. */
export { AddClientCommand } from '#crm/clients';
export { AssignDealCommand, ChangeDealStageCommand, OpenDealCommand, ReviseDealCommand } from '#crm/deals';
export type { Stage } from '#crm/deals/contracts';
export { WriteNoteCommand } from '#crm/journals';
