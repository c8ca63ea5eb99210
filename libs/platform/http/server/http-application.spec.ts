import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequestContext } from '#platform/observability';
import { TextField } from '../validation/fields.js';
import { createTestApi, type TestApi } from '../test-api.fixture.js';

class NoteDto {
  @TextField({ min: 1, max: 100, optional: true })
  text?: string;
}

let arrived: () => void;
const arrival = new Promise<void>((resolve) => (arrived = resolve));
let open: () => void;
const gate = new Promise<void>((resolve) => (open = resolve));

@Controller('notes')
class NotesController {
  @Get()
  list() {
    return { facts: RequestContext.current() };
  }

  @Get('slow')
  async slow() {
    arrived();
    await gate;
    return { finished: true };
  }

  @Get('stream')
  stream(@Res() reply: FastifyReply) {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).write(': open\n\n');
  }

  @Get(':name')
  one(@Param('name') name: string) {
    return { name };
  }

  @Post()
  write(@Body() body: NoteDto) {
    return { body, facts: RequestContext.current() };
  }

  @Post('close')
  @HttpCode(200)
  shut() {
    return { closed: true };
  }

  @Delete(':name')
  @HttpCode(204)
  erase() {
    return undefined;
  }
}

@Controller()
class RootController {
  @Get('healthz')
  health() {
    return { ok: true };
  }

  @Get('admin/queues/list')
  queues(@Req() request: FastifyRequest) {
    return { query: request.query };
  }

  @Get('plain')
  plain(@Query() query: unknown) {
    return { query };
  }
}

describe('the HTTP application', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await createTestApi([NotesController, RootController], { CRM_BODY_LIMIT_BYTES: '4096' });
  });

  afterAll(() => api.close());

  const post = (payload: string | Buffer, contentType = 'application/json', url = '/api/v1/notes') =>
    api.inject({ method: 'POST', url, payload, headers: { 'content-type': contentType } });

  it('serves the API under its prefix, probes and pages at the root, with or without a slash at the end', async () => {
    for (const url of [
      '/api/v1/notes',
      '/api/v1/notes/',
      '/healthz',
      '/healthz/',
      '/admin/queues/list?jobsPerPage=5',
    ]) {
      expect((await api.inject(url)).statusCode).toBe(200);
    }
    expect((await api.inject('/notes')).statusCode).toBe(404);
  });

  it('distinguishes an unknown path from a wrong method', async () => {
    const unknown = await api.inject('/api/v1/nothing?token=secret');
    expect(unknown.statusCode).toBe(404);
    expect(unknown.json()).toMatchObject({ code: 'route_not_found', instance: '/api/v1/nothing' });
    expect(unknown.payload).not.toContain('secret');

    const wrong = await api.inject({ method: 'PUT', url: '/api/v1/notes/a/' });
    expect(wrong.statusCode).toBe(405);
    expect(wrong.json()).toMatchObject({ code: 'method_not_allowed' });
    expect(wrong.headers.allow).toBe('DELETE, GET, HEAD');
  });

  it.each([
    ['half an object', '{"text":', 'malformed_json', 400],
    ['nothing', '', undefined, 201],
    ['an empty object', '{}', undefined, 201],
    ['no JSON', 'nonsense', 'malformed_json', 400],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'malformed_json', 400],
    ['a prototype', '{"__proto__":{"admin":true}}', 'forbidden_key', 400],
    ['a constructor', '{"text":"a","x":{"constructor":{"prototype":{}}}}', 'forbidden_key', 400],
    ['2,000 arrays in one another', '['.repeat(2_000) + ']'.repeat(2_000), 'nesting_too_deep', 400],
    ['33 objects in one another', '{"a":'.repeat(33) + '1' + '}'.repeat(33), 'nesting_too_deep', 400],
    ['5,000 bytes', '{"text":"' + 'x'.repeat(5_000) + '"}', 'body_too_large', 413],
    ['an empty array', '[]', 'validation_failed', 422],
    ['an array', '[{"text":"a"}]', 'validation_failed', 422],
    ['a text', '"text"', 'validation_failed', 422],
    ['a number', '7', 'validation_failed', 422],
    ['null', 'null', 'validation_failed', 422],
    ['a null member', '{"text":null}', 'validation_failed', 422],
  ])('answers a body of %s as it should', async (_name, body, code, status) => {
    const response = await post(body);
    expect(response.statusCode).toBe(status);
    expect(response.json().code).toBe(code);
  });

  it('takes every JSON type and no other', async () => {
    for (const type of ['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/merge-patch+json']) {
      expect((await post('{"text":"a"}', type)).statusCode).toBe(201);
    }
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'json', '']) {
      const response = await post('{"text":"a"}', type);
      expect([type, response.statusCode, response.json().code]).toEqual([type, 415, 'unsupported_media_type']);
    }
  });

  it('survives ten thousand nested arrays under a large limit', async () => {
    const wide = await createTestApi([NotesController]);
    const payload = '['.repeat(10_000) + ']'.repeat(10_000);
    const response = await wide.inject({
      method: 'POST',
      url: '/api/v1/notes',
      payload,
      headers: { 'content-type': 'application/json' },
    });
    expect(response.json()).toMatchObject({ status: 400, code: 'nesting_too_deep' });
    await wide.close();
  });

  it('refuses URLs that can not be decoded, and absurdly long names in them', async () => {
    const malformed = await api.inject('/api/v1/notes/%zz');
    expect(malformed.statusCode).toBe(400);
    expect(malformed.headers['content-type']).toBe('application/problem+json');
    expect(malformed.json()).toMatchObject({
      code: 'malformed_url',
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect((await api.inject(`/api/v1/notes/${'a'.repeat(500)}`)).statusCode).toBe(200);
    const long = await api.inject(`/api/v1/notes/${'a'.repeat(501)}`);
    expect(long.json()).toMatchObject({ status: 414, code: 'uri_too_long' });
  });

  it('refuses a NUL in the path', async () => {
    const response = await api.inject('/api/v1/notes/a%00b');
    expect(response.json()).toMatchObject({ status: 422, code: 'invalid_characters' });
  });

  it('refuses parameters and fields that a route does not take at all, and takes an empty body anywhere', async () => {
    const query = await api.inject('/api/v1/notes?mangerId=7&__proto__=1');
    expect(query.json()).toMatchObject({
      status: 422,
      code: 'validation_failed',
      errors: [
        { pointer: '?manger_id', code: 'unknown_parameter' },
        { pointer: '?__proto__', code: 'unknown_parameter' },
      ],
    });
    const body = await post('{"force":true}', 'application/json', '/api/v1/notes/close');
    expect(body.json()).toMatchObject({ status: 422, errors: [{ pointer: '/force', code: 'unknown_field' }] });
    const list = await post('[1]', 'application/json', '/api/v1/notes/close');
    expect(list.json()).toMatchObject({ status: 422, errors: [{ pointer: '', code: 'unexpected_body' }] });
    for (const payload of ['', '{}']) {
      expect((await post(payload, 'application/json', '/api/v1/notes/close')).statusCode).toBe(200);
      const headers = { 'content-type': 'application/json' };
      const erased = await api.inject({ method: 'DELETE', url: '/api/v1/notes/a', payload, headers });
      expect(erased.statusCode).toBe(204);
    }
  });

  it('returns the ids of a request and carries them to the handler', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const headers = { 'x-request-id': 'order:7.a-b_c', traceparent: `00-${trace}-00f067aa0ba902b7-00` };
    const response = await api.inject({ method: 'POST', url: '/api/v1/notes', payload: { text: 'a' }, headers });
    expect(response.headers['x-request-id']).toBe('order:7.a-b_c');
    expect(response.headers.traceparent).toMatch(new RegExp(`^00-${trace}-(?!00f067aa0ba902b7)[0-9a-f]{16}-00$`));
    expect(response.json().facts).toEqual({
      requestId: 'order:7.a-b_c',
      traceId: trace,
      traceparent: response.headers.traceparent,
    });
  });

  it.each([
    ['a b', 'garbage'],
    ['x'.repeat(129), '00-00000000000000000000000000000000-00f067aa0ba902b7-01'],
    ['', '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01'],
    ['<script>', '01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
    ['a\u00e9', '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01'],
  ])('makes ids of its own in place of %p and %p', async (requestId, traceparent) => {
    const { headers } = await api.inject({ url: '/api/v1/notes', headers: { 'x-request-id': requestId, traceparent } });
    expect(headers['x-request-id']).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(traceparent).not.toContain(String(headers.traceparent).slice(3, 35));
  });

  it('sends its security headers with answers and problems', async () => {
    for (const url of ['/api/v1/notes', '/api/v1/nothing', '/api/v1/notes/%zz']) {
      expect((await api.inject(url)).headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      });
    }
  });
});

describe('the HTTP server', () => {
  it('answers what is no HTTP with a problem document', async () => {
    const api = await createTestApi([NotesController]);
    await api.app.listen(0, '127.0.0.1');
    const socket = dial(api);
    socket.write('GET / HTTP/9.9\r\n\r\n');
    const answer = await readAll(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json\r\n/);
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toMatchObject({
      type: 'https://crm.example/problems/malformed_request',
      status: 400,
      code: 'malformed_request',
    });
    await api.close();
  });

  it('does not wait for event streams when it closes', async () => {
    const api = await createTestApi([NotesController]);
    await api.app.listen(0, '127.0.0.1');
    const socket = dial(api);
    socket.write('GET /api/v1/notes/stream HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(socket, 'data');
    const rest = readAll(socket);
    await api.close();
    await rest;
  });

  it('finishes accepted requests when it closes, then ends idle connections', async () => {
    const api = await createTestApi([NotesController]);
    await api.app.listen(0, '127.0.0.1');
    const [busy, idle] = [dial(api), dial(api)];
    idle.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(idle, 'data');
    busy.write('GET /api/v1/notes/slow HTTP/1.1\r\nHost: a\r\n\r\n');
    const answer = readAll(busy);
    await arrival;
    const closed = api.close();
    open();
    expect(await answer).toMatch(/^HTTP\/1\.1 200 OK[^]*{"finished":true}$/);
    await closed;
    expect(idle.destroyed || idle.readableEnded || (await once(idle, 'close'))).toBeTruthy();
  });
});

function dial(api: TestApi): Socket {
  const { port } = api.app.getHttpServer().address() as { port: number };
  return connect(port, '127.0.0.1');
}

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.on('error', () => undefined);
  for await (const chunk of socket) text += String(chunk);
  return text;
}
