/** Writes of the service over HTTP, each with a trace id by which its events are recognised. */
import { randomBytes } from 'node:crypto';
import { Agent, request as httpRequest } from 'node:http';

export class HttpWrites {
  /** Creating a deal publishes one event, adding an income two; they alternate. */
  eventsPerRequest = 1.5;

  /**
   * @param {number} port of the API
   * @param {import('../requests.mjs').Requests} requests
   */
  constructor(port, requests) {
    this.port = port;
    this.requests = requests;
    this.agent = new Agent({ keepAlive: true, noDelay: true });
  }

  /** Sends the request number `n`. @param {Map<string, object>} sent takes its times by trace id */
  send(n, sent) {
    const { method, path, authorization, body } = n % 2 === 0 ? this.requests.createDeal() : this.requests.addIncome();
    const trace = randomBytes(16).toString('hex');
    const headers = {
      authorization,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      traceparent: `00-${trace}-${randomBytes(8).toString('hex')}-01`,
    };
    const times = { sentAt: process.hrtime.bigint(), answeredAt: 0n };
    sent.set(trace, times);
    return new Promise((resolve, reject) => {
      const options = {
        method,
        host: '127.0.0.1',
        port: this.port,
        path: `/api/v1${path}`,
        headers,
        agent: this.agent,
      };
      httpRequest(options, (answer) => {
        times.answeredAt = process.hrtime.bigint();
        if (answer.statusCode !== 201) reject(new Error(`${method} ${path}: ${answer.statusCode}`));
        answer.resume().on('end', resolve);
      })
        .on('error', reject)
        .end(body);
    });
  }
}
