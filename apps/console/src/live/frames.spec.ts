import { type Frame, framesOf } from './frames.js';

async function framesIn(...chunks: readonly string[]): Promise<Frame[]> {
  const bytes = chunks.map((chunk) => Uint8Array.from(chunk, (letter) => letter.charCodeAt(0)));
  const frames: Frame[] = [];
  for await (const frame of framesOf(streamOf(bytes), () => undefined)) frames.push(frame);
  return frames;
}

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

describe('the frames of a stream', () => {
  it('are whole however the bytes come, inside a letter too', async () => {
    const [head, tail] = ['id: 7\nevent: deal.created\ndata: {"title":"\xd0', '\x9a\xd0\x90"}\n\n'];
    expect(await framesIn(head, tail)).toEqual([{ id: '7', event: 'deal.created', data: '{"title":"КА"}' }]);
  });

  it('distinguish an id alone from a comment, and omit incomplete blocks', async () => {
    expect(await framesIn('retry: 3000\nid: 41\n\n: hb\n\nid: 42\ndata: {}')).toEqual([{ id: '41' }, {}]);
  });
});
