/** A live policy that renews `p`, looked up row by row: EXISTS would let PostgreSQL read all renewals for a page of 50. */
const SUCCESSOR = `SELECT true FROM crm.policies n WHERE n.renews_policy_id = p.id AND NOT n.is_deleted
  AND n.close_reason IS DISTINCT FROM 'void' AND n.close_reason IS DISTINCT FROM 'cancelled' LIMIT 1`;

/** Whether a live policy renews `p`. */
export const HAS_SUCCESSOR = `((${SUCCESSOR}) IS NOT NULL)`;

/** Whether what renews `p` is in force, or was: a draft renews nothing yet. */
export const IS_RENEWED = `EXISTS (SELECT 1 FROM crm.policies n WHERE n.renews_policy_id = p.id AND NOT n.is_deleted
  AND n.status <> 'draft' AND n.close_reason IS DISTINCT FROM 'void' AND n.close_reason IS DISTINCT FROM 'cancelled')`;

/** Days after its end on which a policy closes though nothing has taken its place. */
const GRACE_DAYS = 3;

/** Whether `p` is still in force on the day of this placeholder though it should be closed by then. */
export function isOver(day: string): string {
  return `(p.status = 'active' AND p.effective_to < ${day}
    AND (p.effective_to <= ${day} - ${GRACE_DAYS} OR ${IS_RENEWED}))`;
}
