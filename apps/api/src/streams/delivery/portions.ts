import type { Frame } from '../frames/frame.js';

/** Approximate size that a socket accepts at once. */
const PORTION_BYTES = 64 * 1024;

/** Splits frames into batches for one write: each at most 64 KiB, or one larger frame. */
export function* portionsOf(frames: Iterable<Frame>): Generator<readonly Frame[]> {
  let portion: Frame[] = [];
  let bytes = 0;
  for (const frame of frames) {
    if (portion.length > 0 && bytes + frame.wire.size > PORTION_BYTES) {
      yield portion;
      portion = [];
      bytes = 0;
    }
    portion.push(frame);
    bytes += frame.wire.size;
  }
  if (portion.length > 0) yield portion;
}
