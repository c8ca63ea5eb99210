import { AsyncVariable } from './async-variable.js';

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

const carried = new AsyncVariable<RequestFacts>();

/** Carries {@link RequestFacts} along the asynchronous calls of one request. */
export class RequestContext {
  static run<T>(facts: RequestFacts, work: () => T): T {
    return carried.run(facts, work);
  }

  static current(): RequestFacts | undefined {
    return carried.get();
  }
}
