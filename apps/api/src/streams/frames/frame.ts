import type { Audience, LoggedEvent } from '#platform/messaging';
import { Wire } from './wire.js';

/** An event in the format of the stream, with the data for its filter and audience. */
export interface Frame {
  /** Position in the log; the frame's `id`. */
  readonly position: bigint;
  /** Routing key. */
  readonly type: string;
  readonly dealId: string | null;
  readonly audience: Audience;
  readonly wire: Wire;
}

/** CloudEvents types have this prefix, the catalogue's types do not. */
const TYPE_PREFIX = 'crm.';
const LINE_BREAKS = /[\r\n]+/g;

/** Renders an event once for all streams. */
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
  // A line break between JSON tokens is white space; inside strings it cannot occur.
  const data = event.data.replace(LINE_BREAKS, ' ');
  const text = `id: ${position}\nevent: ${type}\ndata: ${head.slice(0, -1)},"data":${data}}\n\n`;
  return { position, type, dealId, audience, wire: new Wire(text) };
}

/** Reasons why a stream cannot resume from the client's id. */
export type ResetReason =
  /** The id is malformed. */
  | 'unknown_id'
  /** The position is not assigned yet. */
  | 'id_in_the_future'
  /** The following events are deleted. */
  | 'id_past_retention';

/** Reset frame: the client may have missed events and must read its data again; the stream continues at `position`. */
export function renderReset(reason: ResetReason, position: bigint): Wire {
  return new Wire(`id: ${position}\nevent: reset\ndata: {"reason":"${reason}","position":"${position}"}\n\n`);
}

/**
 * First bytes of a stream: the retry time, and, if the client named no id, the start position as an id. A client that
 * is disconnected before its first event then resumes without a gap.
 */
export function renderOpening(position?: bigint): Wire {
  return new Wire(position === undefined ? 'retry: 3000\n\n' : `retry: 3000\nid: ${position}\n\n`);
}

/** Heartbeat, so that proxies do not close an idle stream. */
export const HEARTBEAT = new Wire(': hb\n\n');

/** Heartbeat with a position: the client skips events that did not match when it resumes. */
export function renderHeartbeat(position: bigint): Wire {
  return new Wire(`: hb\nid: ${position}\n\n`);
}
