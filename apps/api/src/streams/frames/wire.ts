const BREAK = '\r\n';

/** A part of a response in its wire format, encoded once for all connections. */
export class Wire {
  /** One chunk of HTTP/1.1's chunked encoding. */
  readonly chunk: Buffer;
  private readonly start: number;

  constructor(text: string) {
    const size = Buffer.byteLength(text).toString(16);
    this.start = size.length + BREAK.length;
    this.chunk = Buffer.from(size + BREAK + text + BREAK);
  }

  /** The plain text, for HTTP/1.0, which has no chunks. */
  get plain(): Buffer {
    return this.chunk.subarray(this.start, -BREAK.length);
  }

  /** Its size on the wire. */
  get size(): number {
    return this.chunk.length;
  }
}
