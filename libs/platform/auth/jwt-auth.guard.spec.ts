import { createHmac } from 'node:crypto';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Global,
  Module,
  Post,
  type INestApplicationContext,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, ExternalContextCreator } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AuthSettings, RuntimeSettings } from '#platform/config';
import { type Caller, Clock, DomainError, instant, newId } from '#platform/kernel';
import { Log, RequestContext } from '#platform/observability';
import { AcceptsTokenInQuery, JwtAuthGuard, AuthModule, CurrentCaller, Public, TokenExpiry } from './index.js';

const NOW = Date.UTC(2026, 10, 23, 12);
const SECRET = 's'.repeat(32);
const ANNA = newId();
const BORIS = newId();

class FixedClock extends Clock {
  now() {
    return instant(new Date(NOW));
  }
}

@Controller()
class Routes {
  @Get('whoami')
  whoami(@CurrentCaller() caller: Caller, @TokenExpiry() expiresAt: number) {
    const logged = RequestContext.current()?.callerId;
    return { user: caller.userId, roles: [...caller.roles], expiresAt, ...(logged && { logged }) };
  }

  @Post('whoami')
  post(@CurrentCaller() caller: Caller) {
    return { user: caller.userId, roles: [...caller.roles] };
  }

  @Get('open')
  @Public()
  open() {
    return 'open';
  }

  @Get('open-caller')
  @Public()
  openCaller(@CurrentCaller() caller: Caller) {
    return caller.userId;
  }

  @Get('open-expiry')
  @Public()
  openExpiry(@TokenExpiry() expiresAt: number) {
    return expiresAt;
  }

  @Get('stream')
  @AcceptsTokenInQuery()
  stream(@CurrentCaller() caller: Caller) {
    return caller.userId;
  }

  onMessage() {
    return 'handled';
  }

  @Public()
  onOpenMessage() {
    return 'handled';
  }
}

@Public()
@Controller('docs')
class OpenRoutes {
  @Get()
  page() {
    return 'page';
  }
}

@Catch(DomainError)
class CodeFilter implements ExceptionFilter {
  catch(error: DomainError, host: ArgumentsHost) {
    if (host.getType() !== 'http') throw error;
    const status = error.kind === 'unauthenticated' ? 401 : 503;
    void host
      .switchToHttp()
      .getResponse<{ code(n: number): { send(b: object): void } }>()
      .code(status)
      .send({ code: error.code });
  }
}

const settings = new AuthSettings({ accessSecret: SECRET });
const log = new Log(new RuntimeSettings({ logLevel: 'silent' }));

@Global()
@Module({
  providers: [
    { provide: AuthSettings, useValue: settings },
    { provide: Clock, useClass: FixedClock },
    { provide: Log, useValue: log },
  ],
  exports: [AuthSettings, Clock, Log],
})
class Surroundings {}

@Module({
  imports: [Surroundings, AuthModule],
  controllers: [Routes, OpenRoutes],
  providers: [
    { provide: APP_GUARD, useExisting: JwtAuthGuard },
    { provide: APP_FILTER, useClass: CodeFilter },
  ],
})
class Application {}

let app: NestFastifyApplication;

beforeAll(async () => {
  const module = await Test.createTestingModule({ imports: [Application] }).compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  const facts = { requestId: 'r', traceparent: 't', traceId: 't' };
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (request, _, done) => {
      if (request.headers['x-logged']) RequestContext.run({ ...facts }, done);
      else done();
    });
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
});

afterAll(() => app.close());

function token(claims: object = {}): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = NOW / 1000 + 900;
  const input = `${part({ alg: 'HS256' })}.${part({ sub: ANNA, email: 'anna@example.org', roles: ['agent'], exp, ...claims })}`;
  return `${input}.${createHmac('sha256', SECRET).update(input).digest('base64url')}`;
}

async function get(url: string, headers: Record<string, string | string[] | undefined> = {}) {
  const response = await app.inject({ method: 'GET', url, headers: headers as Record<string, string> });
  return {
    status: response.statusCode,
    body: response.headers['content-type']?.toString().includes('json') ? response.json() : response.body,
  };
}

const refusal = (code: string) => ({ status: 401, body: { code } });

describe('a route', () => {
  it('returns the user of a token and its expiry', async () => {
    const expected = { status: 200, body: { user: ANNA, roles: ['seller'], expiresAt: NOW + 900_000 } };
    const anna = token();
    // The second time the token is known already.
    for (let i = 0; i < 2; i += 1) expect(await get('/whoami', { authorization: `Bearer ${anna}` })).toEqual(expected);
    for (const scheme of ['bearer', 'BEARER', 'bEaReR']) {
      expect(await get('/whoami', { authorization: `${scheme} ${anna}` })).toEqual(expected);
    }
  });

  it('needs a token', async () => {
    for (const headers of [{}, { authorization: '' }, { authorization: 'Basic YTpi' }, { authorization: token() }]) {
      expect(await get('/whoami', headers)).toEqual(refusal('authorization_required'));
    }
  });

  it('takes a good token only', async () => {
    expect(await get('/whoami', { authorization: `Bearer ${token()}x` })).toEqual(refusal('invalid_token'));
    expect(await get('/whoami', { authorization: 'Bearer' })).toEqual(refusal('invalid_token'));
    expect(await get('/whoami', { authorization: `Bearer  ${token()}` })).toEqual(refusal('invalid_token'));
    expect(await get('/whoami', { authorization: `Bearer ${token()}, Bearer ${token()}` })).toEqual(
      refusal('invalid_token'),
    );
    const expired = token({ exp: NOW / 1000 - 1 });
    expect(await get('/whoami', { authorization: `Bearer ${expired}` })).toEqual(refusal('token_expired'));
  });

  it('takes one authorization header, not two', async () => {
    const twice = [`Bearer ${token()}`, `Bearer ${token()}`];
    expect(await get('/whoami', { authorization: twice })).toEqual(refusal('invalid_token'));
  });

  it('takes the cookie when no bearer is in the header', async () => {
    const boris = token({ sub: BORIS });
    for (const cookie of [`crm_access_token=${boris}`, `a=1; crm_access_token=${boris}; crm_access_token_old=x`]) {
      expect(await get('/whoami', { cookie })).toMatchObject({ status: 200, body: { user: BORIS } });
      const basic = await get('/whoami', { cookie, authorization: 'Basic YTpi' });
      expect(basic).toMatchObject({ status: 200, body: { user: BORIS } });
    }
    expect(await get('/whoami', { cookie: 'crm_access_token=' })).toEqual(refusal('authorization_required'));
    expect(await get('/whoami', { cookie: `xcrm_access_token=${boris}` })).toEqual(refusal('authorization_required'));
    const planted = `crm_access_token=${boris}; crm_access_token=${token()}`;
    expect(await get('/whoami', { cookie: planted })).toEqual(refusal('invalid_token'));
  });

  it('lets the header win over the cookie, also when the header is bad', async () => {
    const cookie = `crm_access_token=${token({ sub: BORIS })}`;
    expect(await get('/whoami', { cookie, authorization: `Bearer ${token()}` })).toMatchObject({
      body: { user: ANNA },
    });
    expect(await get('/whoami', { cookie, authorization: 'Bearer bad' })).toEqual(refusal('invalid_token'));
  });

  it('believes nothing but the token about roles and identity', async () => {
    const headers = {
      authorization: `Bearer ${token({ role: 'ROLE_ADMIN', scope: 'admin' })}`,
      'x-roles': 'ROLE_ADMIN',
    };
    const url = `/whoami?roles=ROLE_ADMIN&sub=${BORIS}&caller=${BORIS}`;
    const payload = { roles: ['ROLE_ADMIN'], caller: { userId: BORIS } };
    const response = await app.inject({ method: 'POST', url, headers, payload });
    expect(response.json()).toEqual({ user: ANNA, roles: ['seller'] });
  });

  it('has the caller in the log lines of the request', async () => {
    const answer = await get('/whoami', { authorization: `Bearer ${token()}`, 'x-logged': '1' });
    expect(answer.body).toMatchObject({ logged: ANNA });
  });
});

describe('a token in the URL', () => {
  it('is taken where the route says so, after the header and before the cookie', async () => {
    const url = `/stream?access_token=${token()}`;
    const boris = token({ sub: BORIS });
    expect(await get(url)).toEqual({ status: 200, body: ANNA });
    expect(await get(url, { authorization: `Bearer ${boris}` })).toEqual({ status: 200, body: BORIS });
    expect(await get(url, { cookie: `crm_access_token=${boris}` })).toEqual({ status: 200, body: ANNA });
    expect(await get('/stream', { cookie: `crm_access_token=${boris}` })).toEqual({ status: 200, body: BORIS });
  });

  it('is one, and a good one', async () => {
    expect(await get(`/stream?access_token=${token()}&access_token=${token()}`)).toEqual(refusal('invalid_token'));
    expect(await get('/stream?access_token=')).toEqual(refusal('invalid_token'));
    expect(await get('/stream')).toEqual(refusal('authorization_required'));
  });

  it('is not taken anywhere else', async () => {
    expect(await get(`/whoami?access_token=${token()}`)).toEqual(refusal('authorization_required'));
  });
});

describe('a public route', () => {
  it('lets everybody in, whatever they show', async () => {
    for (const headers of [{}, { authorization: 'Bearer bad' }]) {
      expect(await get('/open', headers)).toEqual({ status: 200, body: 'open' });
      expect(await get('/docs', headers)).toEqual({ status: 200, body: 'page' });
    }
  });

  it('has no caller to give', async () => {
    const headers = { authorization: `Bearer ${token()}` };
    expect(await get('/open-caller', headers)).toEqual(refusal('authorization_required'));
    expect(await get('/open-expiry', headers)).toEqual(refusal('authorization_required'));
  });
});

describe('a message that comes another way than HTTP', () => {
  function handlerOf(context: INestApplicationContext, method: 'onMessage' | 'onOpenMessage') {
    const routes = context.get(Routes);
    const creator = context.get(ExternalContextCreator);
    return creator.create(routes, routes[method], method, undefined, undefined, undefined, undefined, undefined, 'rmq');
  }

  it('is refused, as it can show no token, unless its handler is public', async () => {
    await expect(handlerOf(app, 'onMessage')({})).rejects.toMatchObject({ code: 'authorization_required' });
    await expect(handlerOf(app, 'onOpenMessage')({})).resolves.toBe('handled');
  });
});
