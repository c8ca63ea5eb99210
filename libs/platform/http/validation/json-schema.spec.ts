import { ApiProperty, OmitType, PartialType } from '@nestjs/swagger';
import { BooleanField, DateField, EnumField, IntegerField, MoneyField, ObjectField, UuidField } from './fields.js';
import { jsonSchemaOf } from './json-schema.js';

class Period {
  @DateField({ nullable: true })
  start!: string | null;
}

class Offer {
  @UuidField({ description: 'Its own.' })
  id!: string;

  @EnumField(['won', 'lost'], { nullable: true })
  status!: string | null;

  @MoneyField({ optional: true })
  premium?: string;

  @IntegerField({ min: 1, max: 12 })
  instalments!: number;

  @BooleanField()
  expired!: boolean;

  @EnumField(['a', 'b'], { each: true })
  kinds!: string[];

  @ObjectField(() => Period, { nullable: true })
  period!: Period | null;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T09:30:00.000Z' })
  created_at!: string;

  @ApiProperty({ type: [Period] })
  periods!: Period[];
}

describe('the JSON Schema of a class', () => {
  const period = {
    type: 'object',
    properties: { start: { type: ['string', 'null'], format: 'date', examples: ['2026-11-23'] } },
    required: ['start'],
    additionalProperties: false,
  };

  it('says of each field what its decorator says to OpenAPI, in the words of JSON Schema 2020-12', () => {
    expect(jsonSchemaOf(Offer)).toEqual({
      type: 'object',
      properties: {
        id: { type: 'string', format: 'uuid', description: 'Its own.' },
        status: { type: ['string', 'null'], enum: ['won', 'lost', null] },
        premium: { type: 'string', pattern: '^\\d{1,12}(?:\\.\\d{1,2})?$', examples: ['1250.00'] },
        instalments: { type: 'integer', minimum: 1, maximum: 12 },
        expired: { type: 'boolean' },
        kinds: { type: 'array', items: { type: 'string', enum: ['a', 'b'] }, maxItems: 100 },
        period: { ...period, type: ['object', 'null'] },
        created_at: { type: 'string', format: 'date-time', examples: ['2026-11-23T09:30:00.000Z'] },
        periods: { type: 'array', items: period },
      },
      required: ['id', 'status', 'instalments', 'expired', 'kinds', 'period', 'created_at', 'periods'],
      additionalProperties: false,
    });
  });

  it('follows what is taken over from another class', () => {
    class Part extends PartialType(OmitType(Offer, ['status', 'period', 'periods'])) {
      @UuidField()
      deal_id!: string;
    }
    const { properties, required } = jsonSchemaOf(Part);
    expect(Object.keys(properties!)).toEqual([
      ...['id', 'premium', 'instalments', 'expired', 'kinds', 'created_at', 'deal_id'],
    ]);
    expect(required).toEqual(['deal_id']);
  });

  it('refuses a class that declares nothing', () => {
    class Nothing {}
    expect(() => jsonSchemaOf(Nothing)).toThrow('Nothing declares no field');
  });
});
