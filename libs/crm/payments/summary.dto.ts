import { ApiProperty } from '@nestjs/swagger';
import { CurrencyField, EnumField } from '#platform/http';
import { type CurrencySummary, type Nature, NATURES, type NatureTotals } from './contracts.js';

const TOTAL = { example: '1100.00', type: 'string' } as const;

/** The money of one nature. */
class NatureTotalsResource implements NatureTotals {
  @EnumField(NATURES)
  readonly nature!: Nature;

  @ApiProperty(TOTAL)
  readonly incomes!: string;

  @ApiProperty({ ...TOTAL, example: '100.00' })
  readonly expenses!: string;

  @ApiProperty({ ...TOTAL, example: '1000.00' })
  readonly net!: string;
}

/** A deal's money in one currency. */
class CurrencySummaryResource implements CurrencySummary {
  @CurrencyField()
  readonly currency!: string;

  @ApiProperty({ ...TOTAL, description: 'Planned by payments neither cancelled nor deleted.' })
  readonly planned_total!: string;

  @ApiProperty(TOTAL)
  readonly incomes_total!: string;

  @ApiProperty({ ...TOTAL, example: '100.00' })
  readonly expenses_total!: string;

  @ApiProperty({ ...TOTAL, example: '1000.00' })
  readonly net_total!: string;

  @ApiProperty({ ...TOTAL, example: '900.00', description: 'Premiums and refunds, in less out: money of others.' })
  readonly in_transit!: string;

  @ApiProperty({ ...TOTAL, example: '100.00', description: 'The broker’s own: everything else, in less out.' })
  readonly own!: string;

  @ApiProperty({ type: [NatureTotalsResource] })
  readonly natures!: readonly NatureTotals[];
}

/** A deal's money, by currency. */
export class SummaryResource {
  @ApiProperty({ type: [CurrencySummaryResource] })
  readonly items!: readonly CurrencySummary[];
}
