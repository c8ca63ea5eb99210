import type { Type } from '@nestjs/common';
import { IntersectionType, PartialType } from '@nestjs/swagger';
import { IsInt, validateSync } from 'class-validator';
import fc from 'fast-check';
import type { DomainError, FieldFault } from '#platform/kernel';
import { uuidKind } from './field-kinds.js';
import { FieldRules } from './field-rules.js';
import {
  BooleanField,
  DateField,
  EnumField,
  ListField,
  MoneyField,
  ObjectField,
  TextField,
  UuidField,
} from './fields.js';
import { ValidationPipe } from './validation.pipe.js';

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

  @ListField(uuidKind(), { optional: true, max: 3 })
  files?: string[];
}

class MixedDto {
  @TextField({ min: 1, max: 5 })
  title!: string;

  @IsInt()
  count!: number;
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
  const pipe = new ValidationPipe();
  const read = (metatype: Type<object>, value: object) => pipe.transform(value, { type: 'body', metatype });
  const codesOf = (metatype: Type<object>, value: object): string[] => {
    try {
      read(metatype, value);
      return [];
    } catch (error) {
      const { errors } = (error as DomainError).details as { errors: FieldFault[] };
      return errors.map(({ pointer, code }) => `${pointer} ${code}`);
    }
  };

  it("takes class-validator's own decorators beside the fields", () => {
    expect(codesOf(MixedDto, { title: ' a ', count: 3 })).toEqual([]);
    expect(read(MixedDto, { title: ' a ', count: 3 })).toEqual({ title: 'a', count: 3 });
    expect(codesOf(MixedDto, { title: '', count: 2.5 })).toEqual(['/title too_short', '/count is_int']);
    expect(codesOf(MixedDto, { title: 'a', count: '3' })).toEqual(['/count is_int']);
    expect(codesOf(MixedDto, { title: 'a' })).toEqual(['/count is_int']);
  });

  it('follows inheritance and mapped types', () => {
    const id = ID.toUpperCase();
    expect(read(ExtendedDto, { title: ' a ', owner_id: id })).toEqual({ title: 'a', owner_id: ID });
    expect(codesOf(ExtendedDto, { owner_id: id })).toEqual(['/title required']);
    expect(read(MappedDto, { owner_id: id, start: '2026-01-01' })).toEqual({ owner_id: ID, start: '2026-01-01' });
    expect(codesOf(MappedDto, { end: null, surprise: 1 })).toEqual(['/surprise unknown_field', '/start required']);
  });

  it('lets nothing through that class-validator would refuse', () => {
    const scalar = fc.constantFrom(null, '', 'a', 'abcdef', 7, true, ID, '2026-01-01', '1.50', 'draft', [], {});
    const mostly = (value: fc.Arbitrary<unknown>) => fc.oneof({ weight: 9, arbitrary: value }, scalar);
    const day = mostly(fc.constantFrom('2026-01-01', '2026-02-30'));
    const period = fc.record({ start: day, end: day, other: scalar }, { requiredKeys: ['start'] });
    const id = fc.constantFrom(ID, ID.toUpperCase());
    const body = fc.record(
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
    let accepted = 0;
    fc.assert(
      fc.property(body, (members) => {
        const judged = codesOf(QuoteDto, members);
        const rules = FieldRules.of(QuoteDto);
        const errors = validateSync(rules.build(members, 'body'), { whitelist: true, forbidNonWhitelisted: true });
        expect(judged.length === 0).toBe(errors.length === 0);
        accepted += judged.length === 0 ? 1 : 0;
      }),
      { numRuns: 2_000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});
