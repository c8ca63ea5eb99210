/** One block of the stream: an event, or an id or comment alone. */
export interface Frame {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
}

/**
 * Parses a stream of server-sent events; the browser's own EventSource can't send a token in a header.
 * @param onBytes called for all received bytes, heartbeats too.
 */
export async function* framesOf(body: AsyncIterable<Uint8Array>, onBytes: () => void): AsyncGenerator<Frame> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of body) {
    onBytes();
    text += decoder.decode(bytes, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks) yield frameOf(block);
  }
}

function frameOf(block: string): Frame {
  const fields: { id?: string; event?: string; data?: string } = {};
  for (const line of block.split('\n')) {
    const [, name, value = ''] = /^(id|event|data): ?(.*)$/.exec(line) ?? [];
    if (name === 'data') fields.data = fields.data === undefined ? value : `${fields.data}\n${value}`;
    else if (name === 'id' || name === 'event') fields[name] = value;
  }
  return fields;
}
