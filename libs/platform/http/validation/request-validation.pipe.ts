import { type ArgumentMetadata, Injectable, type PipeTransform, type Type, ValidationPipe } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError, type ValidatorOptions } from 'class-validator';
import { fieldFaults, inheritedNames, validationFailed } from './field-faults.js';
import { RepeatedQueries } from './repeated-queries.js';
import { normaliseBody, normaliseQuery } from './request-members.js';
import { requireStorableParameter } from './storable-request.js';
import type { InputSource } from './transforms.js';

const VALIDATION = {
  whitelist: true,
  forbidNonWhitelisted: true,
  stopAtFirstError: true,
  // The errors of fields are made from both; neither gets into the answer.
  validationError: { target: true, value: true },
} as const satisfies ValidatorOptions;

type Members = Record<string, unknown>;

/** Types that the compiler records for parameters without a class. */
const NOT_A_DTO = new Set<unknown>([undefined, Object, String, Number, Boolean, Array]);

/**
 * Global pipe: converts bodies and queries to their DTOs with NestJS's `ValidationPipe`, or refuses them with the errors
 * of all fields. Names are taken in snake_case and camelCase; unknown ones are refused, never dropped.
 */
@Injectable()
export class RequestValidationPipe implements PipeTransform {
  private readonly body = validationPipe('body');
  private readonly query = validationPipe('query');
  private readonly repeatedQueries = new RepeatedQueries();

  /** @throws DomainError 422 `validation_failed` with `errors`, or a code of {@link normaliseBody}. */
  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    const { type, metatype } = metadata;
    if (type === 'param') requireStorableParameter(value);
    if (NOT_A_DTO.has(metatype)) return value;
    if (type === 'body') return this.body.transform(bodyMembers(value), metadata);
    if (type === 'query') return this.queryOf(metatype!, value, metadata);
    return value;
  }

  private queryOf(dto: Type, value: unknown, metadata: ArgumentMetadata): object | Promise<object> {
    return this.repeatedQueries.get(dto, value, () => this.query.transform(queryMembers(value), metadata));
  }
}

/**
 * The DTO of members that did not arrive as a body, such as a row of a file, by the rules of a body.
 * @throws DomainError 422 as the pipe does.
 */
export function validatedBody<T extends object>(dto: Type<T>, members: object): T {
  const instance = plainToInstance(dto, bodyMembers(members), transformOptions('body'));
  const errors = validateSync(instance, VALIDATION);
  if (errors.length > 0) throw validationFailed(fieldFaults(errors, 'body'));
  return instance;
}

/** NestJS's pipe for members from JSON or a query, without the work that only other sources need. */
class ParsedMembersPipe extends ValidationPipe {
  /** Skips a second read of class-validator's metadata: values from JSON or a query are never binary. */
  protected override findNestedBinaryValues(): ValidationError[] {
    return [];
  }

  /** Creates no promises: all constraints of the DTOs are synchronous. `validateSync` would skip asynchronous ones. */
  protected override validate(instance: object, options?: ValidatorOptions): ValidationError[] {
    return validateSync(instance, options);
  }
}

function validationPipe(source: InputSource): ValidationPipe {
  return new ParsedMembersPipe({
    ...VALIDATION,
    transform: true,
    transformOptions: transformOptions(source),
    exceptionFactory: (errors) => validationFailed(fieldFaults(errors, source)),
  });
}

/** Selects the transforms of one source: those of another group are left out. */
function transformOptions(source: InputSource) {
  return { groups: [source] };
}

function bodyMembers(value: unknown): Members {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw validationFailed([{ pointer: '', code: 'not_an_object', detail: 'The body must be an object.' }]);
  }
  return withoutInheritedNames(normaliseBody(value) as Members, 'body');
}

function queryMembers(value: unknown): Members {
  return withoutInheritedNames(normaliseQuery(value as Record<string, string>), 'query');
}

/** class-transformer drops members such as `constructor` without an error: they are refused before. */
function withoutInheritedNames(members: Members, source: InputSource): Members {
  const faults = inheritedNames(members, source);
  if (faults.length > 0) throw validationFailed(faults);
  return members;
}
