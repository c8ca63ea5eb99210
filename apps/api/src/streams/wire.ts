const BREAK = '\r\n';

/** A piece of a response as it goes to the socket, made once for all the connections that write it. */
export class Wire {
  /** One chunk of HTTP/1.1's chunked encoding. */
  readonly chunk: Buffer;
  private readonly start: number;

  constructor(text: string) {
    const size = Buffer.byteLength(text).toString(16);
    this.start = size.length + BREAK.length;
    this.chunk = Buffer.from(size + BREAK + text + BREAK);
  }

  /** The text alone, for HTTP/1.0, which knows no chunks. */
  get plain(): Buffer {
    return this.chunk.subarray(this.start, -BREAK.length);
  }

  /** Bytes it takes on the wire. */
  get size(): number {
    return this.chunk.length;
  }
}
