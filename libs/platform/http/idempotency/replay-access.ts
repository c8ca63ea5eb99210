import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { access, ACCESS, type AuthenticatedRequest, inScope, type Resource } from '#platform/auth';
import { DomainError, type DomainErrorKind } from '#platform/kernel';
import { IdempotencyKeys, type StoredResponse } from './idempotency-keys.js';
import { pathOf } from '../problems/problem.js';
import { RouteTable } from '../server/route-table.js';

/** What the answer to a deletion says of the deleted row. */
interface Removed {
  readonly is_deleted?: unknown;
  readonly deal_id?: string | null;
  readonly owner_id?: string | null;
  readonly executor_id?: string | null;
}

/** `/api/v1/deals/{id}` and what comes behind it. */
const ROOT = /^(?<root>\/api\/v1\/(?<resource>[^/]+)\/[^/]+)(?<rest>\/.+)?$/;

/** Refusals that an access check may cause; a conflict or an invalid value is found only after it. */
const ACCESS_REFUSALS: ReadonlySet<DomainErrorKind> = new Set(['unauthenticated', 'forbidden', 'not_found']);
/** Headers that identify the caller and trace the request. */
const FORWARDED_HEADERS = ['authorization', 'cookie', 'host', 'traceparent', 'x-request-id'];
const KIND_OF_STATUS: Readonly<Record<number, DomainErrorKind>> = {
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  410: 'gone',
  429: 'too_many',
};

/**
 * Checks whether the caller may still receive the stored answer of a repeated request. The access checks are part of
 * the handlers, so the handler runs again in a transaction that is rolled back. A created resource must also be
 * readable at its `Location`.
 */
@Injectable()
export class ReplayAccess {
  constructor(
    private readonly keys: IdempotencyKeys,
    private readonly routes: RouteTable,
  ) {}

  /**
   * @param handle runs the request's handler.
   * @throws DomainError the refusal of the handler or of the GET of the `Location`: 401, 403, 404, 410 or 429;
   *   `unavailable` for any other status of that GET.
   */
  async require(request: FastifyRequest, answer: StoredResponse, handle: () => unknown): Promise<void> {
    const { location } = answer.headers;
    // The handler of an upload would import the whole file again; its answer is checked at its `Location`.
    if (!request.routeOptions.config.takesFile) {
      const refusal = await this.keys.rehearse(handle);
      if (refusal && ACCESS_REFUSALS.has(refusal.kind)) await this.requireVisible(request, answer, refusal);
    }
    if (location !== undefined) await this.requireReadable(request, location);
  }

  /**
   * A row may be missing because the request, or a later one, deleted it. Then the created resource, the resource at the
   * root of the path, or the deleted row itself must be visible to the caller.
   */
  private async requireVisible(request: FastifyRequest, { headers, body }: StoredResponse, refusal: DomainError) {
    if (refusal.kind !== 'not_found') throw refusal;
    // The location is checked next.
    if (headers.location !== undefined && this.isReadableRoute(headers.location)) return;
    const path = ROOT.exec(pathOf(request.url))?.groups;
    if (!path) throw refusal;
    if (path.rest !== undefined) return this.requireReadable(request, path.root!);
    const removed = (body === '' ? null : JSON.parse(body)) as Removed | null;
    if (removed?.is_deleted !== true) throw refusal;
    if (removed.deal_id) return this.requireReadable(request, `/api/v1/deals/${removed.deal_id}`);
    const caller = (request as AuthenticatedRequest).user?.caller;
    const isResource = Object.hasOwn(ACCESS, path.resource!);
    const scope = caller && isResource ? access(caller, path.resource as Resource, 'read') : null;
    const parties = { ownerId: removed.owner_id ?? null, executorId: removed.executor_id ?? null };
    if (!scope || !inScope(scope, parties)) throw refusal;
  }

  /** Checks that the caller may read the resource at `path`. A path without a GET route is not checked. */
  private async requireReadable(request: FastifyRequest, path: string): Promise<void> {
    if (!this.isReadableRoute(path)) return;
    const given = Object.entries(request.headers).filter(([name]) => FORWARDED_HEADERS.includes(name));
    const found = await request.server.inject({ method: 'GET', url: path, headers: Object.fromEntries(given) });
    if (found.statusCode < 400) return;
    const { code, detail } = found.json<{ code: string; detail: string }>();
    throw new DomainError(KIND_OF_STATUS[found.statusCode] ?? 'unavailable', code, detail);
  }

  private isReadableRoute(path: string): boolean {
    return this.routes.methodsOf(path).includes('GET');
  }
}
