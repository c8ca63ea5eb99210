import type { Type } from '@nestjs/common';
import { IntersectionType, PartialType } from '@nestjs/swagger';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { IsInt, IsOptional, Matches } from 'class-validator';
import fc from 'fast-check';
import type { DomainError, FieldFault } from '#platform/kernel';
import { BooleanField, DateField, EnumField, MoneyField, ObjectField, TextField, UuidField } from './fields.js';
import { jsonSchemaOf } from './json-schema.js';
import { RequestValidationPipe, validatedBody } from './request-validation.pipe.js';

const ID = '0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';

class ValidityDto {
  @DateField()
  start!: string;

  @DateField({ optional: true, nullable: true })
  end?: string | null;
}

class QuoteDto {
  @TextField({ min: 1, max: 5 })
  title!: string;

  @UuidField({ optional: true, nullable: true })
  owner_id?: string | null;

  @EnumField(['draft', 'ready'], { optional: true })
  status?: string;

  @BooleanField({ optional: true })
  is_deleted?: boolean;

  @MoneyField({ nullable: true })
  premium_amount!: string | null;

  @ObjectField(() => ValidityDto, { optional: true, nullable: true })
  validity_period?: ValidityDto | null;

  @UuidField({ each: true, maxItems: 3, optional: true })
  files?: string[];
}

class MixedDto {
  @TextField({ min: 1, max: 5 })
  title!: string;

  @IsInt()
  count!: number;

  @IsOptional()
  @Matches(/^\w+$/, { context: { code: 'not_a_word' } })
  word?: string;

  @IsOptional()
  @Matches(/^\w+$/, { context: { code: 'not_a_word' }, each: true })
  words?: string[];
}

class BaseDto {
  @TextField({ min: 1, max: 5 })
  title!: string;
}

class ExtendedDto extends BaseDto {
  @UuidField({ optional: true })
  owner_id?: string;
}

class MappedDto extends IntersectionType(PartialType(ExtendedDto), ValidityDto) {}

describe('validation', () => {
  const pipe = new RequestValidationPipe();
  const read = async (metatype: Type<object>, value: object) => pipe.transform(value, { type: 'body', metatype });
  const codesOf = async (metatype: Type<object>, value: object): Promise<string[]> =>
    read(metatype, value).then(() => [], codesOfError);

  it("takes class-validator's own decorators beside the fields", async () => {
    expect(await read(MixedDto, { title: ' a ', count: 3 })).toEqual({ title: 'a', count: 3 });
    expect(await codesOf(MixedDto, { title: '', count: 2.5 })).toEqual(['/title too_short', '/count is_int']);
    expect(await codesOf(MixedDto, { title: 'a', count: '3' })).toEqual(['/count is_int']);
    expect(await codesOf(MixedDto, { title: 'a' })).toEqual(['/count is_int']);
  });

  it('takes the code of a constraint from its context', async () => {
    expect(await codesOf(MixedDto, { title: 'a', count: 3, word: 'x y', words: ['x', 'x y'] })).toEqual([
      '/word not_a_word',
      '/words/1 not_a_word',
    ]);
  });

  it('follows inheritance and mapped types', async () => {
    const id = ID.toUpperCase();
    expect(await read(ExtendedDto, { title: ' a ', owner_id: id })).toEqual({ title: 'a', owner_id: ID });
    expect(await codesOf(ExtendedDto, { owner_id: id })).toEqual(['/title required']);
    expect(await read(MappedDto, { owner_id: id, start: '2026-01-01' })).toEqual({ owner_id: ID, start: '2026-01-01' });
    expect(await codesOf(MappedDto, { end: null, surprise: 1 })).toEqual([
      '/surprise unknown_field',
      '/start required',
    ]);
  });

  it('names the first invalid item of a list, and no item when the list itself is invalid', async () => {
    const body = { title: 'a', premium_amount: null };
    expect(await codesOf(QuoteDto, { ...body, files: [ID, 'x', 'y'] })).toEqual(['/files/1 not_a_uuid']);
    expect(await codesOf(QuoteDto, { ...body, files: [[ID]] })).toEqual(['/files/0 not_a_uuid']);
    expect(await codesOf(QuoteDto, { ...body, files: 'x' })).toEqual(['/files not_a_list']);
    expect(await codesOf(QuoteDto, { ...body, files: ['x', 'x', 'x', 'x'] })).toEqual(['/files too_many']);
  });

  it('accepts exactly the bodies that match the JSON Schema of the DTO', async () => {
    const ajv = new Ajv2020({ allowUnionTypes: true });
    formats.default(ajv);
    const matchesSchema = ajv.compile(jsonSchemaOf(QuoteDto));
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(quoteBodies(), async (members) => {
        const codes = await codesOf(QuoteDto, members);
        const { title } = members;
        const expected = matchesSchema({ ...members, title: typeof title === 'string' ? title.trim() : title });
        expect([codes.length === 0, codes]).toEqual([expected, codes]);
        expect(codesOfRow(QuoteDto, members)).toEqual(codes);
        accepted += codes.length === 0 ? 1 : 0;
      }),
      { numRuns: 2_000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});

function codesOfRow(dto: Type<object>, members: object): string[] {
  try {
    validatedBody(dto, members);
    return [];
  } catch (error) {
    return codesOfError(error);
  }
}

function codesOfError(error: unknown): string[] {
  const { errors } = (error as DomainError).details as { errors: FieldFault[] };
  return errors.map(({ pointer, code }) => `${pointer} ${code}`);
}

/** Bodies of {@link QuoteDto}, valid ones and others. */
function quoteBodies() {
  const scalar = fc.constantFrom(null, '', 'a', 'abcdef', 7, true, ID, '2026-01-01', '1.50', 'draft', [], {});
  const mostly = (value: fc.Arbitrary<unknown>) => fc.oneof({ weight: 9, arbitrary: value }, scalar);
  const day = mostly(fc.constantFrom('2026-01-01', '2026-02-30'));
  const period = fc.record({ start: day, end: day, other: scalar }, { requiredKeys: ['start'] });
  const id = fc.constantFrom(ID, ID.toUpperCase());
  return fc.record(
    {
      title: mostly(fc.constantFrom('a', ' abcde ')),
      premium_amount: mostly(fc.constantFrom('1.50', null)),
      owner_id: mostly(id),
      status: mostly(fc.constant('draft')),
      is_deleted: mostly(fc.boolean()),
      validity_period: fc.oneof({ weight: 9, arbitrary: period }, fc.array(period, { maxLength: 1 }), scalar),
      files: mostly(fc.array(mostly(id), { maxLength: 4 })),
    },
    { requiredKeys: ['title', 'premium_amount'] },
  );
}
