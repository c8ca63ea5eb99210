import type { Audience, LoggedEvent } from '#platform/messaging';
import { Wire } from './wire.js';

/** An event as every stream writes it, with what decides who gets it. */
export interface Frame {
  /** Place in the log; the frame's `id`. */
  readonly position: bigint;
  /** Routing key. */
  readonly type: string;
  readonly dealId: string | null;
  readonly audience: Audience;
  readonly wire: Wire;
}

/** The catalogue of events names them without it, CloudEvents with it. */
const TYPE_PREFIX = 'crm.';
const LINE_BREAKS = /[\r\n]+/g;

/** Renders an event once, for all who will get it. */
export function renderFrame(event: LoggedEvent): Frame {
  const { position, type, dealId, audience } = event;
  const head = JSON.stringify({
    id: event.id,
    type: TYPE_PREFIX + type,
    time: event.time,
    position: position.toString(),
    subject: event.stream,
    stream_version: event.streamVersion,
    deal_id: dealId,
    client_id: event.clientId,
    actor_id: event.actorId,
  });
  // Between the tokens of JSON a break is but white space; inside its strings there can't be one.
  const data = event.data.replace(LINE_BREAKS, ' ');
  const text = `id: ${position}\nevent: ${type}\ndata: ${head.slice(0, -1)},"data":${data}}\n\n`;
  return { position, type, dealId, audience, wire: new Wire(text) };
}

/** Why a stream can't go on from the id its client named. */
export type ResetReason =
  /** It is no id of ours. */
  | 'unknown_id'
  /** No event has that position yet. */
  | 'id_in_the_future'
  /** The events after it are no longer kept. */
  | 'id_past_retention';

/** Tells a client that events may have passed it by: what it knows must be read anew; `position` is where it goes on. */
export function renderReset(reason: ResetReason, position: bigint): Wire {
  return new Wire(`id: ${position}\nevent: reset\ndata: {"reason":"${reason}","position":"${position}"}\n\n`);
}

/**
 * The first bytes of a stream: how long to wait before reconnecting, and, when the client named no id, the one it
 * begins after, so that nothing is missed by who is cut off before the first event.
 */
export function renderOpening(position?: bigint): Wire {
  return new Wire(position === undefined ? 'retry: 3000\n\n' : `retry: 3000\nid: ${position}\n\n`);
}

/** Keeps proxies from taking a silent stream for a dead one. */
export const HEARTBEAT = new Wire(': hb\n\n');

/** The same for a client whose last id lies behind, since what came after was not for it: it needn't be read again. */
export function renderHeartbeat(position: bigint): Wire {
  return new Wire(`: hb\nid: ${position}\n\n`);
}
