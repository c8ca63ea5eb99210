import type { DealView } from '../contracts.js';
import { STAGE_TABLE, stageOf } from '../deal-stage.js';

/** The columns of a deal in the order in which the API shows them. */
export const DEAL_COLUMNS = `d.id, d.client_id, d.title, d.description, d.status, d.owner_id, d.executor_id,
  d.next_review_at, d.closed_at, d.lost_reason, d.version, d.created_at, d.updated_at, d.is_deleted`;

/** A row as {@link DEAL_COLUMNS} selects it: the status may be an old synonym. */
export type DealRow = Omit<DealView, 'stage' | 'status'> & { readonly status: string };

/** The deal of a row. */
export function dealView(row: DealRow): DealView {
  const { id, client_id, title, description, status, ...rest } = row;
  const stage = stageOf(status);
  return { id, client_id, title, description, status: STAGE_TABLE[stage].status, stage, ...rest };
}
