import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { API_PREFIX } from '../server/route-table.js';
import { type ProblemCodes, problemResponse } from './problems.decorator.js';
import { titleOf } from '../problems/refusal.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Parameter = Extract<NonNullable<Operation['parameters']>[number], { in: string }>;
type Schema = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string];

export interface OpenApiSettings {
  readonly title: string;
  readonly description: string;
  readonly version: string;
  /** Name and meaning of each group of routes, in the order to show them. */
  readonly tags: readonly (readonly [name: string, description: string])[];
}

/** Cookie that browsers' pages take the token from. */
const TOKEN_COOKIE = 'crm_access_token';

/** What needs no token: probes, pages, and the documents that describe the API. */
const PUBLIC_PATHS = new RegExp(
  `^/(?:healthz|health(?:/.*)?|docs(?:/.*)?|${API_PREFIX}/(?:openapi\\.json|asyncapi\\.json|schemas/.*))$`,
);

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** What any route may answer. */
const ALWAYS: ProblemCodes = {
  422: ['validation_failed', 'invalid_characters', 'duplicate_field', 'too_many_fields'],
  431: ['headers_too_large'],
  500: ['internal_error'],
  503: ['database_unavailable', 'try_again'],
};
const WITH_TOKEN: ProblemCodes = {
  401: ['authorization_required', 'invalid_token', 'token_expired'],
  403: ['forbidden', 'cross_site_request'],
  429: ['rate_limited'],
};
const WITH_BODY: ProblemCodes = {
  400: ['malformed_json', 'malformed_request', 'forbidden_key', 'nesting_too_deep', 'too_many_items'],
  413: ['body_too_large'],
  415: ['unsupported_media_type'],
  422: ['not_finite'],
};
const WITH_CURSOR: ProblemCodes = { 422: ['invalid_cursor'] };
/** Constraints of the database that no rule of a domain checks first. */
const WITH_CHANGE: ProblemCodes = { 409: ['reference_conflict', 'already_exists'], 422: ['invalid_value'] };
const WITH_KEY: ProblemCodes = {
  400: ['malformed_idempotency_key'],
  409: ['idempotency_in_progress'],
  422: ['validation_failed', 'idempotency_key_reused'],
};
const WITH_VERSION: ProblemCodes = {
  400: ['malformed_if_match'],
  412: ['version_mismatch'],
  428: ['precondition_required'],
};
const WITH_ID: ProblemCodes = { 400: ['malformed_id'] };
const WITH_PATH_PARAMETER: ProblemCodes = { 400: ['malformed_url'], 414: ['uri_too_long'] };

/** The OpenAPI 3.1 document of every route of `app`, with the problems that the HTTP layer itself answers. */
export function openApiDocument(app: NestFastifyApplication, settings: OpenApiSettings): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(settings.title)
    .setDescription(settings.description)
    .setVersion(settings.version)
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'bearer')
    .addCookieAuth(TOKEN_COOKIE, { type: 'apiKey', in: 'cookie', name: TOKEN_COOKIE }, 'cookie');
  for (const [name, description] of settings.tags) builder.addTag(name, description);
  const document = SwaggerModule.createDocument(app, builder.build());
  document.security = [{ bearer: [] }, { cookie: [] }];
  document.components = { ...document.components, schemas: { ...document.components?.schemas, Problem: PROBLEM } };
  const operationIds = new Set<string>();
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method];
      if (!operation) continue;
      completeOperation(operation, method, PUBLIC_PATHS.test(path), path);
      if (method === 'get' && isVersioned(operation, document)) {
        operation.responses[304] = { description: 'The client has this version: `If-None-Match` names its ETag.' };
      }
      operation.operationId = unlikeOthers(operationIdOf(method, path), operationIds);
    }
  }
  return document;
}

function completeOperation(operation: Operation, method: string, isPublic: boolean, path: string): void {
  const takesKey = method === 'post' || method === 'patch';
  const takes = (name: string): boolean =>
    (operation.parameters ?? []).some((parameter) => 'in' in parameter && parameter.name === name);
  if (isPublic) operation.security = [];
  const isAnswered = Object.keys(operation.responses).some((status) => status.startsWith('2'));
  if (method === 'delete' && !isAnswered) operation.responses[204] = { description: 'It is deleted.' };
  operation.parameters = [...pathIds(operation, path), ...(operation.parameters ?? [])];
  const takesId = operation.parameters.some((parameter) => 'in' in parameter && isId(parameter));
  if (takesKey && !isPublic) {
    operation.parameters = [...(operation.parameters ?? []), IDEMPOTENCY_KEY];
  }
  const codes = merged([
    ALWAYS,
    ...(isPublic ? [] : [WITH_TOKEN]),
    // A body is parsed even if the route declares none.
    ...(method === 'get' ? [] : [WITH_BODY]),
    ...(takesKey && !isPublic ? [WITH_KEY] : []),
    ...(method === 'get' ? [] : [WITH_CHANGE]),
    ...(takes('If-Match') ? [WITH_VERSION] : []),
    ...(takes('cursor') ? [WITH_CURSOR] : []),
    ...(takesId ? [WITH_ID] : []),
    ...(path.includes('{') ? [WITH_PATH_PARAMETER] : []),
  ]);
  for (const [status, names] of codes) {
    const own = operation.responses[status];
    operation.responses[status] = own ? withCodes(own, status, names) : problemResponse(status, names);
  }
}

/** True when the answer has an ETag: its resource has a version. */
function isVersioned({ responses }: Operation, { components }: OpenAPIObject): boolean {
  const success = responses[200];
  const schema = success && 'content' in success ? success.content?.['application/json']?.schema : undefined;
  if (!schema || !('$ref' in schema)) return false;
  const resource = components?.schemas?.[schema.$ref.split('/').at(-1)!];
  return resource !== undefined && 'properties' in resource && 'version' in resource.properties!;
}

/** Ids in the path that the handler takes in its own way: one handler may serve several paths. */
function pathIds(operation: Operation, path: string): NonNullable<Operation['parameters']> {
  const declared = new Set(
    (operation.parameters ?? []).map((parameter) => ('name' in parameter ? parameter.name : '')),
  );
  return [...path.matchAll(/\{(\w+)\}/g)]
    .filter(([, name]) => !declared.has(name!))
    .map(([, name]) => ({ name: name!, in: 'path', required: true, schema: { type: 'string', format: 'uuid' } }));
}

/** Method and path in camel case: `getDealsById`. It stays when classes are renamed. */
function operationIdOf(method: string, path: string): string {
  const segments = path.replace(`/${API_PREFIX}/`, '/').replaceAll('{', 'by_').split(/\W+|_/);
  const words = segments.filter((word) => word !== '');
  return method + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
}

function unlikeOthers(id: string, others: Set<string>): string {
  let unique = id;
  for (let n = 2; others.has(unique); n++) unique = `${id}_${n}`;
  others.add(unique);
  return unique;
}

function isId({ in: place, schema }: Parameter): boolean {
  return place === 'path' && schema !== undefined && 'format' in schema && schema.format === 'uuid';
}

/** Adds the common codes of a status after those that a route documents itself. */
function withCodes(own: object, status: number, names: readonly string[]) {
  const examples = (own as Partial<ReturnType<typeof problemResponse>>).content?.['application/problem+json']?.examples;
  return problemResponse(status, [...new Set([...Object.keys(examples ?? {}), ...names])]);
}

function merged(parts: readonly ProblemCodes[]): Map<number, string[]> {
  const codes = new Map<number, string[]>();
  for (const part of parts) {
    for (const [status, names] of Object.entries(part)) {
      codes.set(Number(status), [...new Set([...(codes.get(Number(status)) ?? []), ...names])]);
    }
  }
  return codes;
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header' as const,
  required: false,
  description:
    'Makes the request safe to repeat for 72 hours: the same key and body get the first answer again, as long as the ' +
    'caller may still see it; else 403 or 404, as a new request would.',
  schema: { type: 'string' as const, minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
};

const PROBLEM: Schema = {
  type: 'object',
  description: 'RFC 9457 problem details.',
  required: ['type', 'title', 'status', 'detail', 'code', 'trace_id'],
  properties: {
    type: { type: 'string', format: 'uri', description: 'Stands for the code.' },
    title: { type: 'string', description: 'The code in words.', example: titleOf('validation_failed') },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'For a person.' },
    code: { type: 'string', description: 'Stable, for a program.' },
    instance: { type: 'string', description: 'Path of the request; absent when its headers could not be read.' },
    trace_id: { type: 'string', description: 'What to report when asking for help.' },
    errors: {
      type: 'array',
      description: 'What is wrong with which field.',
      items: {
        type: 'object',
        required: ['pointer', 'code', 'detail'],
        properties: {
          pointer: { type: 'string', description: 'JSON pointer into the body, or `?name` for a query parameter.' },
          code: { type: 'string' },
          detail: { type: 'string' },
        },
      },
    },
  },
};
