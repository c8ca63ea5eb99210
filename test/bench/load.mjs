/**
 * Load over kept-alive connections: each sends its next request when the answer to the last has come. A client of our own
 * because slices of a second must begin and end without a connection being opened, which autocannon can't do, and because
 * it must cost little beside what it measures: it reads of an answer only its status and its length.
 */
import { once } from 'node:events';
import { connect } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const LENGTH = /\r\ncontent-length: (\d+)/i;

/** Result of a load. */
export class Tally {
  constructor() {
    this.requests = 0;
    this.ms = 0;
    /** Latency of each request, in milliseconds. */
    this.latencies = [];
  }

  get perSecond() {
    return (this.requests / this.ms) * 1000;
  }
}

/** A number of kept-alive connections to one port. */
export class Load {
  constructor(port, connections) {
    this.port = port;
    this.lines = Array.from({ length: connections });
  }

  /**
   * @param {number} port
   * @param {number} connections
   */
  static async open(port, connections) {
    const load = new Load(port, connections);
    await load.connect();
    return load;
  }

  /** Opens closed connections: servers close those that are idle during the slices of others. */
  async connect() {
    const opened = async (line) => (line && !line.lost ? line : Line.open(this.port));
    this.lines = await Promise.all(this.lines.map(opened));
  }

  /**
   * Sends requests until the time is up or enough were sent, and waits for every answer.
   * @param {() => string | Buffer} next makes a whole HTTP request
   * @param {{ ms?: number, requests?: number }} limit
   * @returns {Promise<Tally>}
   * @throws {Error} when an answer is no success
   */
  async run(next, { ms = Infinity, requests = Infinity }) {
    await this.connect();
    const tally = new Tally();
    const began = performance.now();
    let left = requests;
    const goesOn = () => left-- > 0 && performance.now() - began < ms;
    await Promise.all(this.lines.map((line) => line.work(next, goesOn, tally)));
    tally.ms = performance.now() - began;
    tally.requests = tally.latencies.length;
    return tally;
  }

  close() {
    for (const { socket } of this.lines) socket.destroy();
  }
}

class Line {
  static async open(port) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Line(socket);
  }

  constructor(socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.read(chunk));
    socket.on('error', (error) => this.lose(error));
    socket.on('close', () => this.lose(new Error('the server closed the connection')));
  }

  work(next, goesOn, tally) {
    return new Promise((resolve, reject) => {
      if (this.lost) return reject(this.lost);
      const send = () => {
        if (!goesOn()) return resolve();
        this.sentAt = performance.now();
        this.socket.write((this.sent = next()));
      };
      this.reject = reject;
      this.answered = (status, text) => {
        if (status[0] !== '2') return reject(new Error(`${this.sent}\nwas answered ${text()}`));
        tally.latencies.push(performance.now() - this.sentAt);
        send();
      };
      send();
    });
  }

  read(chunk) {
    const bytes = this.rest ? Buffer.concat([this.rest, chunk]) : chunk;
    if (!isWhole(bytes)) {
      this.rest = bytes;
      return;
    }
    this.rest = undefined;
    this.answered(bytes.latin1Slice(9, 12), () => bytes.toString());
  }

  /** Rejects the pending request, or else the next one. */
  lose(error) {
    this.lost ??= error;
    this.reject?.(error);
  }
}

/** Only one request is pending at a time, so the received bytes are one answer or its beginning. */
function isWhole(bytes) {
  const end = bytes.indexOf(HEAD_END);
  if (end === -1) return false;
  const length = LENGTH.exec(bytes.latin1Slice(0, end));
  if (length) return bytes.length >= end + HEAD_END.length + Number(length[1]);
  return bytes.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK);
}
