import { randomBytes } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { ServerRMQ } from '@nestjs/microservices';
import { type BrokerSettings, splitUrls } from '#platform/config';
import { readJson } from '#platform/http';
import { DomainError, isUuid, newId } from '#platform/kernel';
import { type Log, type Metrics, RequestContext } from '#platform/observability';
import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import { lastValueFrom } from 'rxjs';
import { rpcErrorOf } from './rpc-error.filter.js';
import { RpcExchange } from './rpc-exchange.js';
import { RPC_QUEUE } from './rpc-patterns.js';
import type { RpcError } from './rpc.dto.js';

/** Time to live of a request in the queue: the broker drops it when its client has stopped waiting. */
const EXPIRES_MS = 10_000;
/** Maximum length of the queue; the oldest requests are dropped. */
const MAX_QUEUE_LENGTH = 10_000;
/** Delivery limit of a request whose process died. */
const DELIVERY_LIMIT = 3;
const LARGEST_REQUEST_BYTES = 16_384;
const RETRY_MS = 1_000;
/** Reply queues are broker-named only, so that a request cannot make the service write to any other queue. */
const REPLY_QUEUE = /^amq\.[\w.+/=-]{1,250}$/;

/** Arguments of the queue, which RabbitMQ cannot change later. */
const QUEUE_OPTIONS = {
  durable: true,
  arguments: {
    'x-queue-type': 'quorum',
    'x-delivery-limit': DELIVERY_LIMIT,
    'x-message-ttl': EXPIRES_MS,
    'x-max-length': MAX_QUEUE_LENGTH,
  },
};

/** Members of amqp-connection-manager that NestJS's types omit. */
interface Connection {
  isConnected(): boolean;
  reconnect(): void;
}

/**
 * Extends NestJS's RabbitMQ transport so that no request is lost. A request is acknowledged after its reply, so that
 * another process answers what a dying one leaves. Cancelled consumers and closed channels are created again. A
 * shutdown takes no new requests and waits for running ones.
 */
export class RpcServer extends ServerRMQ {
  private readonly running = new Set<Promise<void>>();
  private readonly duration;
  private current: ConfirmChannel | undefined;
  private isStopping = false;

  constructor(
    private readonly settings: BrokerSettings,
    private readonly log: Log,
    metrics: Metrics,
  ) {
    super({
      urls: [...splitUrls(settings.url!)],
      queue: RPC_QUEUE,
      queueOptions: QUEUE_OPTIONS,
      noAck: false,
      prefetchCount: settings.rpcConcurrency,
      consumerTag: `crm-rpc-${newId()}`,
      socketOptions: { connectionOptions: { noDelay: true }, heartbeatIntervalInSeconds: 5, reconnectTimeInSeconds: 1 },
    });
    const labels = ['pattern', 'status'] as const;
    this.duration = metrics.duration('crm_rpc_request_duration_seconds', 'Time to answer an RPC request', labels);
    metrics.observedGauge('crm_rpc_consuming', 'Whether RPC requests are taken from RabbitMQ', [], (gauge) =>
      gauge.set(this.isConsuming ? 1 : 0),
    );
  }

  /** Whether requests are consumed. */
  get isConsuming(): boolean {
    return this.current !== undefined && this.connection?.isConnected() === true;
  }

  override async setupChannel(channel: ConfirmChannel, callback: () => void): Promise<void> {
    // The library reports a lost connection one event-loop turn later.
    channel.once('close', () => setImmediate(() => void this.restore(channel)));
    channel.on('error', (error: Error) => this.log.warn({ err: error }, 'RabbitMQ closed the channel of RPC'));
    const wrapper = this.channel as EventEmitter | null;
    // An error event without a listener would end the process.
    if (wrapper?.listenerCount('error') === 0) {
      wrapper.on('error', (error: Error) => this.log.warn({ err: error }, 'RPC could not be set up'));
    }
    this.current = channel;
    await super.setupChannel(channel, callback);
    this.log.info({ queue: RPC_QUEUE }, 'RPC requests are taken');
  }

  /** Handles each delivery; the message is null when the broker has cancelled the consumer. */
  override async handleMessage(delivery: object | null, channel: ConfirmChannel): Promise<void> {
    if (delivery === null) return this.restore(channel);
    const message = delivery as ConsumeMessage;
    const work = RequestContext.run(factsOf(message), () => this.exchange(message, channel));
    this.running.add(work);
    await work.finally(() => this.running.delete(work));
  }

  /** Stops consuming and waits for running requests, each for at most its time-out. */
  override async close(): Promise<void> {
    this.isStopping = true;
    await this.current?.cancel(this.options.consumerTag!).catch(() => undefined);
    await Promise.allSettled(this.running);
    await super.close().catch(() => undefined);
  }

  private async exchange(message: ConsumeMessage, channel: ConfirmChannel): Promise<void> {
    const { replyTo, correlationId } = message.properties as { replyTo?: string; correlationId?: string };
    const canAnswer = typeof replyTo === 'string' && REPLY_QUEUE.test(replyTo);
    // A request without a reply queue is not processed.
    const answer = canAnswer ? await this.answer(message) : undefined;
    try {
      if (answer && replyTo) {
        const options = { contentType: 'application/json', ...(correlationId && { correlationId }) };
        channel.sendToQueue(replyTo, Buffer.from(JSON.stringify(answer)), options);
      }
      channel.ack(message);
    } catch {
      // The channel is closed: the broker delivers the request again.
    }
  }

  /** @returns the packet that NestJS's and other clients read. Never rejects. */
  private async answer(message: ConsumeMessage): Promise<object> {
    const started = process.hrtime.bigint();
    let pattern = 'unknown';
    let status = 200;
    try {
      const request = requestOf(message);
      const handler = this.getHandlerByPattern(request.pattern);
      if (!handler) throw new DomainError('not_found', 'unknown_pattern', 'There is no such RPC pattern.');
      pattern = request.pattern;
      const response = await this.inTime(async () => {
        const given: unknown = await handler(request.data, new RpcExchange());
        return lastValueFrom<unknown>(this.transformToObservable(given));
      });
      return { response, isDisposed: true };
    } catch (error) {
      const err = isRpcError(error) ? error : rpcErrorOf(error, this.log);
      status = err.status;
      return { err, isDisposed: true };
    } finally {
      this.duration.observe({ pattern, status }, Number(process.hrtime.bigint() - started) / 1e9);
    }
  }

  private async inTime<T>(work: () => Promise<T>): Promise<T> {
    const done = new AbortController();
    const late = delay(this.settings.rpcTimeoutMs, undefined, { signal: done.signal }).then(() => {
      throw new DomainError('unavailable', 'timeout', 'The answer took too long; try again.');
    });
    late.catch(() => undefined);
    try {
      return await Promise.race([work(), late]);
    } finally {
      done.abort();
    }
  }

  /** Reconnects after a cancelled consumer or a closed channel, which the libraries do not restore. */
  private async restore(channel: ConfirmChannel): Promise<void> {
    if (this.current !== channel) return;
    this.current = undefined;
    if (this.isStopping || !this.connection?.isConnected()) return;
    this.log.warn({ queue: RPC_QUEUE }, 'RabbitMQ took the consumer of RPC away, connecting anew');
    await delay(RETRY_MS);
    if (!this.isStopping) this.connection?.reconnect();
  }

  private get connection(): Connection | null {
    return this.server as Connection | null;
  }
}

/** @throws DomainError `malformed_request` or `body_too_large`. */
function requestOf({ content }: ConsumeMessage): { pattern: string; data: unknown } {
  if (content.length > LARGEST_REQUEST_BYTES) {
    throw new DomainError('invalid', 'body_too_large', `A request has at most ${LARGEST_REQUEST_BYTES} bytes.`);
  }
  const { pattern, data } = readRequest(content);
  if (typeof pattern === 'string') return { pattern, data };
  throw new DomainError('invalid', 'malformed_request', 'A request is JSON with pattern and data.');
}

function readRequest(content: Buffer): { pattern?: unknown; data?: unknown } {
  const value = readJson(content);
  return typeof value === 'object' && value !== null ? value : {};
}

/** Whether the filter has already converted the error. */
function isRpcError(error: unknown): error is RpcError {
  return typeof error === 'object' && error !== null && 'trace_id' in error;
}

function factsOf({ properties }: ConsumeMessage): { requestId: string; traceId: string; traceparent: string } {
  const { correlationId } = properties as { correlationId?: string };
  const traceId = randomBytes(16).toString('hex');
  return {
    requestId: isUuid(correlationId) ? correlationId : newId(),
    traceId,
    traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01`,
  };
}
