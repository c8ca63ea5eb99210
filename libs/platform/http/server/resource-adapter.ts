import type { ServerResponse } from 'node:http';
import { HttpStatus } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { isNotModified, setResourceHeaders } from '../headers/resource-headers.js';

/**
 * Sets the headers of a resource on what a handler answers, and turns a GET of a version that the client has into 304.
 * An interceptor would do the same, but NestJS runs RxJS for each route that has one (decision 27).
 */
export class ResourceAdapter extends FastifyAdapter {
  override reply(response: FastifyReply | ServerResponse, answer: unknown, statusCode?: number): FastifyReply {
    // A middleware has only the response of Node.js, and no resource.
    if (!('request' in response)) return super.reply(response, answer, statusCode);
    const { request } = response;
    setResourceHeaders(request, response, answer);
    if (!isNotModified(request, response)) return super.reply(response, answer, statusCode);
    return super.reply(response, undefined, HttpStatus.NOT_MODIFIED);
  }
}
