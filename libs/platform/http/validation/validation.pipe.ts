import type { ArgumentMetadata, PipeTransform, Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA, RouteParamtypes } from '@nestjs/common/internal';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { validateSync, type ValidationError } from 'class-validator';
import { DomainError, type FieldFault } from '#platform/kernel';
import { controllerMethods } from '../controller-methods.js';
import type { FieldSource } from './field-kinds.js';
import { FIELD_CONSTRAINT, FieldRules } from './field-rules.js';
import { faultOfMessage } from './fields.js';
import { escapePointer, normaliseBody, normaliseQuery, snakeCase } from '../idempotency/request-keys.js';
import { requireStorableParameter } from './storable-request.js';

const MOST_FAULTS = 100;
/** What the compiler writes down for parameters that no class describes. */
const UNDESCRIBED = new Set<unknown>([undefined, Object, String, Number, Boolean, Array]);
const UNKNOWN_FIELD = 'whitelistValidation';

/**
 * Turns bodies and queries into their DTOs, or refuses them with every fault at once.
 * Names come in snake_case or camelCase; unknown ones are refused, never dropped.
 */
export class ValidationPipe implements PipeTransform {
  /** @throws DomainError 422 `validation_failed` with `errors`, or a code of {@link normaliseBody}. */
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (type === 'param') {
      requireStorableParameter(value);
      return value;
    }
    if ((type !== 'body' && type !== 'query') || UNDESCRIBED.has(metatype)) return value;
    return validated(FieldRules.of(metatype as Type<object>), membersOf(value, type), type);
  }
}

const PIPE = new ValidationPipe();
const VALIDATED = [RouteParamtypes.BODY, RouteParamtypes.QUERY, RouteParamtypes.PARAM];

/**
 * Puts the pipe on every parameter that a client fills. Not a global one: NestJS would run it, some 5 µs, on those that
 * our own decorators fill too.
 */
export function installValidation(app: NestFastifyApplication): void {
  for (const { controller, name } of controllerMethods(app)) {
    const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {}) as Record<string, Parameter>;
    for (const [key, parameter] of Object.entries(parameters)) {
      // Keys are `<kind>:<index>`; those of custom decorators begin with another number or a name.
      if (!VALIDATED.includes(Number(key.split(':')[0]))) continue;
      // Another application of the same process may have put it there.
      parameter.pipes = [PIPE, ...parameter.pipes.filter((pipe) => pipe !== PIPE)];
    }
  }
}

interface Parameter {
  pipes: unknown[];
}

/**
 * The DTO of members that came another way than in a request's body, checked as a body is.
 * @throws DomainError 422 as the pipe does.
 */
export function checkedBody<T extends object>(dto: Type<T>, members: object): T {
  return validated(FieldRules.of(dto), membersOf(members, 'body'), 'body') as T;
}

function validated(rules: FieldRules, members: Record<string, unknown>, source: FieldSource): object {
  const unknown = Object.keys(members).filter((name) => !rules.has(name));
  const known = unknown.length === 0 ? members : without(unknown, members);
  const instance = rules.build(known, source);
  if (unknown.length === 0 && rules.accept(instance)) return instance;
  const faults = unknown.map((name) => unknownMember(source, '', name));
  const errors = validateSync(instance, {
    whitelist: true,
    forbidNonWhitelisted: true,
    stopAtFirstError: true,
    forbidUnknownValues: false,
    validationError: { target: false, value: false },
  });
  collect(errors, source, '', faults);
  if (faults.length > 0) throw validationFailed(faults);
  return instance;
}

/** Names that every object inherits, such as `constructor`, would pass class-validator unseen. */
function without(unknown: readonly string[], members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !unknown.includes(name)));
}

/** The answer to a request whose fields are wrong; it lists at most 100 faults. */
export function validationFailed(faults: readonly FieldFault[]): DomainError {
  return new DomainError('unprocessable', 'validation_failed', 'Some fields are not as they should be: see errors.', {
    errors: faults.slice(0, MOST_FAULTS),
  });
}

/** @param parent pointer of the object that holds the member. */
export function unknownMember(source: FieldSource, parent: string, name: string): FieldFault {
  return source === 'query'
    ? { pointer: `?${name}`, code: 'unknown_parameter', detail: 'is not a parameter of this request' }
    : { pointer: `${parent}/${escapePointer(name)}`, code: 'unknown_field', detail: 'is not a field of this request' };
}

function membersOf(value: unknown, source: FieldSource): Record<string, unknown> {
  if (source === 'query') return normaliseQuery(value as Record<string, string | string[]>);
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw validationFailed([{ pointer: '', code: 'not_an_object', detail: 'The body must be an object.' }]);
  }
  return normaliseBody(value) as Record<string, unknown>;
}

function collect(errors: readonly ValidationError[], source: FieldSource, parent: string, faults: FieldFault[]): void {
  for (const { property, constraints, children } of errors) {
    const pointer = source === 'query' ? `?${property}` : `${parent}/${escapePointer(property)}`;
    for (const [name, message] of Object.entries(constraints ?? {})) {
      if (name === UNKNOWN_FIELD) faults.push(unknownMember(source, parent, property));
      else faults.push(faultOf(source, pointer, name, message));
    }
    collect(children ?? [], source, pointer, faults);
  }
}

function faultOf(source: FieldSource, pointer: string, name: string, message: string): FieldFault {
  if (name !== FIELD_CONSTRAINT) return { pointer, code: snakeCase(name), detail: message };
  const { code, detail, index } = faultOfMessage(message);
  return { pointer: index === undefined || source === 'query' ? pointer : `${pointer}/${index}`, code, detail };
}
