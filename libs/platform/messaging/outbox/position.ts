import { DomainError, type Instant, instant } from '#platform/kernel';

const POSITION = /^(?:0|[1-9]\d{0,17})$/;
const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/** Whether `text` is written like a position of the log: 0, before the first, or a whole number. */
export function isPosition(text: string): boolean {
  return POSITION.test(text);
}

/** The moment that an RFC 3339 text names; undefined for anything else. */
export function momentOf(text: string): Instant | undefined {
  const ms = RFC_3339.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? undefined : instant(new Date(ms));
}

/** @param oldest the first stored position. */
export function positionGone(oldest: bigint): DomainError {
  return new DomainError(
    'gone',
    'position_gone',
    `Events from there on are no longer stored; the oldest stored event has position ${oldest}. ` +
      'Read your data again, then continue from that position.',
    { oldest_position: oldest.toString() },
  );
}

/** @param last the last position given. */
export function positionInFuture(last: bigint): DomainError {
  return new DomainError(
    'conflict',
    'position_in_future',
    `No event has that position yet; the last one is ${last}. A restored database assigns positions again.`,
    { last_position: last.toString() },
  );
}
