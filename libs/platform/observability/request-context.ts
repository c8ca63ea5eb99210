import { AsyncLocalStorage } from 'node:async_hooks';

/** What is known of the request, message or job in hand; every log line and event of it carries these. */
export interface RequestFacts {
  /** Given by the client in `X-Request-Id`, or made here. */
  readonly requestId: string;
  /** W3C trace context of this hop. */
  readonly traceparent: string;
  /** The 32 hex digits of the trace. */
  readonly traceId: string;
  /** UUID of the caller once the token is verified. */
  callerId?: string;
}

const storage = new AsyncLocalStorage<RequestFacts>();

/** Carries {@link RequestFacts} along the asynchronous calls of one request. */
export class RequestContext {
  static run<T>(facts: RequestFacts, work: () => T): T {
    return storage.run(facts, work);
  }

  static current(): RequestFacts | undefined {
    return storage.getStore();
  }
}
