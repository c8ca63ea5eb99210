import { distance } from 'fastest-levenshtein';
import { getMetadataStorage, type ValidationArguments, type ValidationError } from 'class-validator';
import { DomainError, type FieldFault } from '#platform/kernel';
import { escapePointer, snakeCase } from './member-names.js';
import type { InputSource } from './transforms.js';

const MAX_FAULTS = 100;
/** More wrong characters than this are no typing error. */
const MAX_TYPOS = 2;
/** A longer name is none of ours, and costs time to compare. */
const MAX_NAME_LENGTH = 40;
/** Name that class-validator gives to the refusal of a property without decorators. */
const NOT_WHITELISTED = 'whitelistValidation';
/** Name of the constraint `IsDefined`. */
const IS_DEFINED = 'isDefined';

/**
 * Stable error codes by name of the constraint, class-validator's and ours. Another constraint gives its code as
 * `context: { code }`, or has its name in snake_case as code.
 */
const CODES: Readonly<Record<string, string>> = {
  arrayMaxSize: 'too_many',
  hasVisibleCharacter: 'too_short',
  isArray: 'not_a_list',
  isBoolean: 'not_a_boolean',
  isCalendarDate: 'not_a_date',
  isCurrency: 'not_a_currency',
  isEmail: 'not_an_email',
  isIn: 'not_one_of',
  isMoment: 'not_a_moment',
  isMoney: 'not_money',
  isObject: 'not_an_object',
  isOneLine: 'invalid_characters',
  isPhone: 'not_a_phone',
  isSafeInteger: 'not_an_integer',
  isString: 'not_a_string',
  isUuid: 'not_a_uuid',
  max: 'out_of_range',
  maxCharacters: 'too_long',
  min: 'out_of_range',
  minCharacters: 'too_short',
};

/** The error of a request whose fields are invalid; it lists at most 100 of them. */
export function validationFailed(faults: readonly FieldFault[]): DomainError {
  return new DomainError('unprocessable', 'validation_failed', 'Some fields are invalid: see errors.', {
    errors: faults.slice(0, MAX_FAULTS),
  });
}

/** A DTO that names its parameters for callers who know them by another name. */
interface HintingDto {
  readonly hints?: Readonly<Record<string, string>>;
}

/**
 * @param parent JSON pointer of the object that has the member.
 * @param dto the instance of a DTO that has no such member.
 */
export function unknownMember(source: InputSource, parent: string, name: string, dto?: object): FieldFault {
  const pointer = pointerTo(source, parent, name);
  if (source === 'body') return { pointer, code: 'unknown_field', detail: 'is not a field of this request' };
  const meant = dto && meantBy(name, dto);
  const hint = meant ? `: did you mean \`${meant}\`?` : '';
  return { pointer, code: 'unknown_parameter', detail: `is not a parameter of this request${hint}` };
}

/** The parameter of a DTO that a name stands for, or that is spelt most like it. */
function meantBy(name: string, dto: object): string | undefined {
  const hint = (dto.constructor as HintingDto).hints?.[name];
  if (hint !== undefined || name.length > MAX_NAME_LENGTH) return hint;
  const metadata = getMetadataStorage().getTargetValidationMetadatas(dto.constructor, '', false, false);
  const ranked = [...new Set(metadata.map(({ propertyName }) => propertyName))]
    .map((known) => ({ known, typos: distance(name, known) }))
    .sort((a, b) => a.typos - b.typos);
  return ranked.find(({ known, typos }) => typos <= Math.min(MAX_TYPOS, known.length / 2))?.known;
}

/** Converts class-validator's errors, and those of nested objects, to the `errors` of a problem document. */
export function fieldFaults(errors: readonly ValidationError[], source: InputSource, parent = ''): FieldFault[] {
  return errors.flatMap((error) => {
    const { property, constraints = {}, children = [] } = error;
    const own = Object.entries(constraints).map(([name, message]) =>
      name === NOT_WHITELISTED
        ? unknownMember(source, parent, property, error.target)
        : {
            pointer: pointerTo(source, parent, property) + itemPointer(error, name, source),
            code: codeOf(error, name),
            detail: message,
          },
    );
    return [...own, ...fieldFaults(children, source, pointerTo(source, parent, property))];
  });
}

/** Members, at any depth, that are named like a member that every object inherits: no DTO has such a field. */
export function inheritedNames(members: object, source: InputSource, parent = ''): FieldFault[] {
  const faults: FieldFault[] = [];
  for (const [name, member] of Object.entries(members) as [string, unknown][]) {
    if (name in Object.prototype) faults.push(unknownMember(source, parent, name));
    if (typeof member !== 'object' || member === null) continue;
    for (const fault of inheritedNames(member, source, `${parent}/${escapePointer(name)}`)) faults.push(fault);
  }
  return faults;
}

function codeOf({ value, contexts }: ValidationError, name: string): string {
  if (name === IS_DEFINED) return value === null ? 'null_not_allowed' : 'required';
  const context = contexts?.[name] as { readonly code?: string } | undefined;
  return context?.code ?? CODES[name] ?? snakeCase(name);
}

function pointerTo(source: InputSource, parent: string, name: string): string {
  return source === 'query' ? `?${name}` : `${parent}/${escapePointer(name)}`;
}

/**
 * Points to the first item of a list in a body that fails the constraint: class-validator does not say which it is.
 * A repeated parameter of a query is named as a whole.
 */
function itemPointer({ target, property, value }: ValidationError, name: string, source: InputSource): string {
  if (source === 'query' || !Array.isArray(value) || !target) return '';
  const storage = getMetadataStorage();
  const constraint = storage
    .getTargetValidationMetadatas(target.constructor, '', false, false)
    .find((metadata) => metadata.each && metadata.propertyName === property && metadata.name === name);
  if (!constraint) return '';
  const { constraints, constraintCls } = constraint;
  const args: ValidationArguments = { targetName: '', object: target, property, value, constraints };
  const [validator] = storage.getTargetValidatorConstraints(constraintCls);
  return `/${value.findIndex((item) => !validator?.instance.validate(item, args))}`;
}
