import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

/** Before every path of the API. */
export const API_PREFIX = 'api/v1';

interface Route {
  readonly segments: readonly string[];
  readonly methods: readonly string[];
}

/** The methods of each path. Fastify itself finds no route for a wrong method and for a wrong path alike. */
@Injectable()
export class RouteTable {
  private readonly routes: Route[] = [];

  /** Records every route that is registered from now on. */
  install(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ url, method }) => {
      this.routes.push({ segments: segmentsOf(url), methods: [method].flat() });
    });
  }

  /** In alphabetical order; none when no route has this path. */
  methodsOf(path: string): readonly string[] {
    const segments = segmentsOf(path);
    const matching = this.routes.filter((route) => matches(route.segments, segments));
    return [...new Set(matching.flatMap(({ methods }) => methods))].sort();
  }
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  const wildcard = pattern.indexOf('*');
  if (wildcard === -1 ? pattern.length !== path.length : path.length < wildcard) return false;
  return pattern.every((part, index) => {
    if (wildcard !== -1 && index >= wildcard) return true;
    return part.startsWith(':') || part === path[index];
  });
}
