import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags, type OpenAPIObject } from '@nestjs/swagger';
import type { ExpectedVersion } from '#platform/kernel';
import { Creates } from '../headers/creates.decorator.js';
import { serveDocs } from './docs.js';
import {
  BooleanField,
  DateField,
  EnumField,
  IntegerField,
  MoneyField,
  ObjectField,
  TextField,
  UuidField,
} from '../validation/fields.js';
import { IfMatch } from '../headers/if-match.js';
import { ListQuery, PageOf } from '../lists/list-query.js';
import { openApiDocument } from './open-api.js';
import { Problems } from './problems.decorator.js';
import { createTestApi, type TestApi } from '../test-api.fixture.js';
import { UuidParam } from '../validation/uuid-param.js';

class PeriodDto {
  @DateField({ description: 'First day of cover.' })
  start!: string;
}

class DealDto {
  @TextField({ min: 1, max: 255, example: 'КАСКО', description: 'What it is about.' })
  title!: string;

  @MoneyField({ optional: true, nullable: true })
  premium_amount?: string | null;

  @IntegerField({ min: 1, max: 12, optional: true })
  instalments?: number;

  @BooleanField({ optional: true })
  is_deleted?: boolean;

  @ObjectField(() => PeriodDto, { optional: true, nullable: true })
  validity_period?: PeriodDto | null;
}

class DealResource {
  @UuidField()
  id!: string;

  @EnumField(['won', 'lost'], { nullable: true })
  status!: string | null;

  @IntegerField({ min: 1, max: 100 })
  version!: number;
}

class DealsQuery extends ListQuery {
  @EnumField(['won', 'lost'], { each: true, optional: true })
  stage?: string[];
}

@ApiTags('deals')
@Controller('deals')
class DealsController {
  @Get()
  @ApiOkResponse({ type: PageOf(DealResource) })
  list(@Query() query: DealsQuery) {
    return query;
  }

  @Post()
  @Creates('', { type: DealResource })
  open(@Body() body: DealDto) {
    return body;
  }

  @Get(':id')
  @ApiOkResponse({ type: DealResource })
  show(@UuidParam() id: string) {
    return { id };
  }

  @Patch(':id')
  @ApiOkResponse({ type: DealResource })
  @Problems({ 404: ['deal_not_found'], 409: ['deal_closed'] })
  change(@UuidParam() id: string, @Body() body: DealDto, @IfMatch() expected: ExpectedVersion) {
    return { id, body, expected };
  }

  @Delete(':id')
  @HttpCode(204)
  @Problems({ 404: ['deal_not_found'] })
  erase(@UuidParam('id') _id: string) {
    return undefined;
  }
}

@Controller()
class RootController {
  @Get('healthz')
  health() {
    return { ok: true };
  }
}

describe('the OpenAPI document', () => {
  let api: TestApi;
  let document: OpenAPIObject;

  beforeAll(async () => {
    api = await createTestApi([DealsController, RootController], {}, (app) => {
      serveDocs(app, () =>
        openApiDocument(app, { title: 'CRM', description: 'Core', version: '1', tags: [['deals', 'Sales.']] }),
      );
    });
    document = (await api.inject('/api/v1/openapi.json')).json();
  });

  afterAll(() => api.close());

  it('is OpenAPI 3.1 and says how to sign in', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths).sort()).toEqual(['/api/v1/deals', '/api/v1/deals/{id}', '/healthz']);
    expect(document.security).toEqual([{ bearer: [] }, { cookie: [] }]);
    expect(document.components?.securitySchemes).toMatchObject({
      bearer: { type: 'http', scheme: 'bearer' },
      cookie: { type: 'apiKey', in: 'cookie', name: 'crm_access_token' },
    });
  });

  it('names operations by method and path', () => {
    const ids = Object.values(document.paths).flatMap((item) =>
      Object.values(item as Record<string, { operationId?: string }>).map(({ operationId }) => operationId),
    );
    expect(ids.sort()).toEqual(
      ['deleteDealsById', 'getDeals', 'getDealsById', 'getHealthz', 'patchDealsById', 'postDeals'].sort(),
    );
  });

  it('describes fields as they are checked', () => {
    expect(document.components?.schemas?.DealDto).toEqual({
      type: 'object',
      required: ['title'],
      properties: {
        title: { type: 'string', minLength: 1, maxLength: 255, example: 'КАСКО', description: 'What it is about.' },
        premium_amount: { type: ['string', 'null'], pattern: expect.any(String), example: '1250.00' },
        instalments: { type: 'integer', minimum: 1, maximum: 12 },
        is_deleted: { type: 'boolean' },
        validity_period: { anyOf: [{ $ref: '#/components/schemas/PeriodDto' }, { type: 'null' }] },
      },
    });
  });

  it('describes lists and their parameters', () => {
    expect(document.paths['/api/v1/deals']?.get?.parameters).toEqual([
      expect.objectContaining({
        name: 'limit',
        in: 'query',
        required: false,
        schema: { type: 'integer', minimum: 1, maximum: 200 },
      }),
      expect.objectContaining({ name: 'cursor', in: 'query', required: false }),
      expect.objectContaining({ name: 'include_total', in: 'query', schema: { type: 'boolean' } }),
      expect.objectContaining({
        name: 'stage',
        in: 'query',
        schema: { type: 'array', maxItems: 100, items: { type: 'string', enum: ['won', 'lost'] } },
      }),
    ]);
    expect(document.components?.schemas?.DealResourcePage).toMatchObject({
      required: ['items', 'next_cursor'],
      properties: {
        items: { type: 'array', items: { $ref: '#/components/schemas/DealResource' } },
        next_cursor: { type: ['string', 'null'] },
      },
    });
  });

  it('names the problems of each route, its own and the common ones', () => {
    const responses = document.paths['/api/v1/deals/{id}']?.patch?.responses as Record<string, { description: string }>;
    expect(Object.keys(responses)).toEqual([
      '200',
      '400',
      '401',
      '403',
      '404',
      '409',
      '412',
      '413',
      '414',
      '415',
      '422',
      '428',
      '429',
      '431',
      '500',
      '503',
    ]);
    expect(responses['400']?.description).toBe(
      '`malformed_json`, `malformed_request`, `forbidden_key`, `nesting_too_deep`, `too_many_items`, ' +
        '`malformed_idempotency_key`, `malformed_if_match`, `malformed_id`, `malformed_url`',
    );
    expect(responses['409']?.description).toBe(
      '`deal_closed`, `idempotency_in_progress`, `reference_conflict`, `already_exists`',
    );
    expect(responses['422']?.description).toBe(
      '`validation_failed`, `invalid_characters`, `duplicate_field`, `too_many_fields`, `not_finite`, ' +
        '`idempotency_key_reused`, `invalid_value`',
    );
    expect(responses['401']).toMatchObject({
      content: {
        'application/problem+json': {
          schema: { $ref: '#/components/schemas/Problem' },
          examples: { token_expired: { value: { status: 401, code: 'token_expired', title: 'Token expired' } } },
        },
      },
    });
    expect(document.components?.schemas?.Problem).toMatchObject({
      required: expect.arrayContaining(['code', 'trace_id']),
    });
  });

  it('names the answers of a deletion, a list and a versioned resource', () => {
    const statuses = (path: string, method: 'get' | 'delete') =>
      Object.keys(document.paths[path]?.[method]?.responses ?? {});
    expect(statuses('/api/v1/deals/{id}', 'delete')).toContain('204');
    expect(document.paths['/api/v1/deals']?.get?.responses['422']).toMatchObject({
      description: expect.stringContaining('`invalid_cursor`'),
    });
    expect(statuses('/api/v1/deals/{id}', 'get')).toContain('304');
    expect(statuses('/api/v1/deals', 'get')).not.toContain('304');
  });

  it('names the headers that a route takes', () => {
    const names = (method: 'post' | 'patch' | 'delete', path: string) =>
      (document.paths[path]?.[method]?.parameters ?? []).map((parameter) => 'name' in parameter && parameter.name);
    expect(names('patch', '/api/v1/deals/{id}')).toEqual(['id', 'If-Match', 'Idempotency-Key']);
    expect(names('post', '/api/v1/deals')).toEqual(['Idempotency-Key']);
    expect(names('delete', '/api/v1/deals/{id}')).toEqual(['id']);
    expect(document.paths['/api/v1/deals/{id}']?.delete?.parameters).toEqual([
      { name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } },
    ]);
  });

  it('asks for no token where none is needed', () => {
    const health = document.paths['/healthz']?.get;
    expect(health?.security).toEqual([]);
    expect(Object.keys(health?.responses ?? {})).toEqual(['200', '422', '431', '500', '503']);
    expect(document.paths['/api/v1/deals']?.get).not.toHaveProperty('security');
  });
});

describe('the page /docs', () => {
  it('needs nothing from elsewhere', async () => {
    const document: OpenAPIObject = { openapi: '3.1.0', info: { title: 'CRM', version: '1' }, paths: {} };
    const api = await createTestApi([], {}, (app) => {
      serveDocs(app, () => document);
    });
    for (const url of ['/docs', '/docs/']) {
      const page = await api.inject(url);
      expect(page.statusCode).toBe(200);
      expect(page.headers['content-security-policy']).toMatch(/^default-src 'self';/);
      expect(page.payload).not.toMatch(/https?:\/\/(?!www\.w3\.org\/)/);
      expect(page.payload).not.toMatch(/<script>/);
      const sources = [...page.payload.matchAll(/(?:src|href)="(\.[^"]+)"/g)].map(([, source]) => source!);
      expect(sources.length).toBeGreaterThan(4);
      for (const source of sources) {
        const asset = await api.inject(new URL(source, `http://crm.example${url}`).pathname);
        expect([source, asset.statusCode]).toEqual([source, 200]);
        expect(asset.headers['content-security-policy']).toMatch(/^default-src 'self';/);
        expect(asset.headers['x-content-type-options']).toBe('nosniff');
      }
    }
    const script = await api.inject('/docs/swagger-ui-init.js');
    expect(script.payload).toContain('"validatorUrl": null');
    expect((await api.inject('/docs/nothing')).json()).toMatchObject({ status: 404, code: 'route_not_found' });
    expect((await api.inject('/docs/%2e%2e/package.json')).statusCode).toBe(404);
    await api.close();
  });
});
