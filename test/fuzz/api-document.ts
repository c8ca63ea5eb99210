import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly example?: unknown;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema: Schema;
}

interface Content {
  readonly schema: Schema;
  readonly examples?: Readonly<Record<string, unknown>>;
}

interface ResponseOf {
  readonly content?: Readonly<Record<string, Content>>;
}

interface RawOperation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<Record<string, ResponseOf>>;
}

interface RawDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** One method of one path, as the OpenAPI document describes it. */
export interface Operation {
  readonly method: string;
  /** With `{name}` for its parameters. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** Schemas of the body by media type; empty when it takes none. */
  readonly bodies: Readonly<Record<string, Schema>>;
}

/** An answer as it arrived. */
export interface ReceivedAnswer {
  readonly status: number;
  readonly mediaType: string;
  readonly body: string;
}

const PROBLEM_TYPE = 'application/problem+json';
const ROOT_ID = 'crm:/openapi';

/** The service's own OpenAPI document: its operations, and a check of their answers. */
export class ApiDocument {
  readonly operations: readonly Operation[];
  /** Documented methods by path. */
  readonly methods: ReadonlyMap<string, ReadonlySet<string>>;
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
  private readonly validators = new Map<string, ValidateFunction>();

  constructor(private readonly document: RawDocument) {
    formats.default(this.ajv);
    this.ajv.addSchema({ $id: ROOT_ID, components: { schemas: closed(document.components.schemas) } });
    const operations: Operation[] = [];
    for (const [path, item] of Object.entries(document.paths)) {
      for (const [method, { parameters = [], requestBody }] of Object.entries(item)) {
        const bodies = Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) => [type, schema] as const);
        operations.push({ method: method.toUpperCase(), path, parameters, bodies: Object.fromEntries(bodies) });
      }
    }
    this.operations = operations;
    this.methods = new Map(
      Object.entries(document.paths).map(([path, item]) => [
        path,
        new Set(Object.keys(item).map((method) => method.toUpperCase())),
      ]),
    );
  }

  /** The schema that a reference names, or the schema itself. */
  resolve(schema: Schema): Schema {
    if (!schema.$ref) return schema;
    return this.document.components.schemas[schema.$ref.split('/').at(-1)!]!;
  }

  /** Describes how an answer differs from the document; empty when it agrees. */
  faultsOf({ method, path }: Operation, answer: ReceivedAnswer): string[] {
    const { status, mediaType, body } = answer;
    if (status >= 500) return [`status ${status}`];
    const documented = this.document.paths[path]![method.toLowerCase()]!.responses[status];
    if (!documented) return [`status ${status} is not documented`];
    const types = Object.keys(documented.content ?? {});
    if (types.length === 0) return body === '' ? [] : [`status ${status} is documented without a body`];
    if (!types.includes(mediaType)) return [`type ${mediaType} instead of ${types.join(', ')}`];
    const { schema, examples } = documented.content![mediaType]!;
    if (!mediaType.includes('json')) return [];
    const value = JSON.parse(body) as unknown;
    const faults = this.faultsOfValue(schema, value);
    if (mediaType !== PROBLEM_TYPE || faults.length > 0) return faults;
    const problem = value as { code: string; status: number };
    if (problem.status !== status) return [`problem of status ${problem.status} with status ${status}`];
    return examples && problem.code in examples ? [] : [`${status} ${problem.code} is not documented`];
  }

  /** Describes how a refusal differs from a problem document. */
  faultsOfRefusal({ status, mediaType, body }: ReceivedAnswer): string[] {
    if (status < 400 || status >= 500) return [`status ${status}`];
    if (mediaType !== PROBLEM_TYPE) return [`type ${mediaType} instead of ${PROBLEM_TYPE}`];
    return this.faultsOfValue({ $ref: '#/components/schemas/Problem' }, JSON.parse(body));
  }

  private faultsOfValue(schema: Schema, value: unknown): string[] {
    const key = JSON.stringify(schema);
    let validate = this.validators.get(key);
    if (!validate) {
      validate = this.ajv.compile(JSON.parse(key.replaceAll('"#/', `"${ROOT_ID}#/`)) as object);
      this.validators.set(key, validate);
    }
    if (validate(value)) return [];
    return validate.errors!.map(({ instancePath, message, params }) =>
      [instancePath || '/', message, JSON.stringify(params)].join(' '),
    );
  }
}

/** The schemas without room for further members: an answer with an undocumented member is a fault. */
function closed(schemas: Readonly<Record<string, Schema>>): object {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [
      name,
      schema.properties && name !== 'Problem' ? { additionalProperties: false, ...schema } : schema,
    ]),
  );
}
