import type { Body } from './api-client.js';

/** Resources whose events contain them as the API returns them. */
export const RESOURCES = ['client', 'deal', 'quote', 'policy', 'payment', 'income', 'expense'] as const;
export type Resource = (typeof RESOURCES)[number];

/**
 * Event keys identify the event of an acknowledged write: version and time together distinguish it from another write
 * that got the same version after a rollback. {@link EVENT_KEYS_OF_LOG} computes them from the log.
 */
export function eventKeyOf(resource: Resource, { id, version, updated_at: updatedAt }: Body): string {
  return `${resource} ${String(id)} ${String(version)} ${String(updatedAt)}`;
}

/** For answers without version and time. */
export function eventKeyOfId(happened: 'created' | 'deleted', resource: Resource, id: unknown): string {
  return `${happened} ${resource} ${String(id)}`;
}

export function eventKeyOfNote(entryId: string): string {
  return `note ${entryId}`;
}

export function eventKeyOfLink(happened: 'linked' | 'unlinked', ownerId: string, documentId: string): string {
  return `${happened} ${ownerId} ${documentId}`;
}

/** Keys of every event. */
export const EVENT_KEYS_OF_LOG = `
  SELECT concat_ws(' ', r.name, r.value ->> 'id', r.value ->> 'version', r.value ->> 'updated_at') AS "eventKey"
    FROM crm.event_log e,
      LATERAL (VALUES ${RESOURCES.map((name) => `('${name}', e.data -> '${name}')`).join(', ')}) AS r (name, value)
   WHERE r.value IS NOT NULL
  UNION ALL
  SELECT substring(e.type FROM '[a-z]+$') || ' ' || r.name || ' ' || (r.value ->> 'id')
    FROM crm.event_log e,
      LATERAL (VALUES ${RESOURCES.map((name) => `('${name}', e.data -> '${name}')`).join(', ')}) AS r (name, value)
   WHERE e.type ~ '\\.(created|deleted)$' AND r.value IS NOT NULL
  UNION ALL
  SELECT 'note ' || (data ->> 'entry_id') FROM crm.event_log WHERE data ->> 'entry_id' IS NOT NULL
  UNION ALL
  SELECT split_part(type, '.document.', 2) || ' ' || (data -> 'link' ->> 'owner_id') || ' ' || (data ->> 'document_id')
    FROM crm.event_log WHERE type LIKE '%.document.%'`;
