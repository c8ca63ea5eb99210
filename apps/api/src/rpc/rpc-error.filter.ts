import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { refusalOf } from '#platform/http';
import { Log, RequestContext } from '#platform/observability';
import { type Observable, throwError } from 'rxjs';
import type { RpcError } from './rpc.dto.js';

/** Converts every error to an {@link RpcError}, and logs each unexpected one once. */
@Catch()
export class RpcErrorFilter implements RpcExceptionFilter {
  constructor(private readonly log: Log) {}

  catch(error: unknown): Observable<never> {
    return throwError(() => rpcErrorOf(error, this.log));
  }
}

/** Converts an error to its RPC form, with the code and status that HTTP would answer. */
export function rpcErrorOf(error: unknown, log: Pick<Log, 'error'>): RpcError {
  const { code, status, detail, members, isUnexpected } = refusalOf(error);
  if (isUnexpected) log.error({ err: error }, 'an RPC request failed');
  const errors = members?.errors;
  return {
    code,
    status,
    detail,
    trace_id: RequestContext.current()?.traceId ?? '',
    ...(Array.isArray(errors) && { errors: errors as object[] }),
  };
}
