import { ApiProperty } from '@nestjs/swagger';
import {
  BooleanField,
  CurrencyField,
  DateField,
  EnumField,
  IntegerField,
  MoneyField,
  TextField,
  UuidField,
} from '#platform/http';
import type { CalendarDate, Instant } from '#platform/kernel';
import { type Nature, NATURES, type PaymentLineView } from '../contracts.js';

const CATEGORY = { min: 1, max: 64, example: 'premium' } as const;
const NOTE = { max: 300, multiline: true, nullable: true } as const;
const CURRENCY = { min: 1, max: 16, optional: true, example: 'RUB' } as const;
const SAME_CURRENCY = 'The payment’s own, in any case; taken from the payment unless given.';

/** Body of POST …/incomes and …/expenses. */
export class AddLineDto {
  @MoneyField()
  amount!: string;

  @TextField({ ...CURRENCY, description: SAME_CURRENCY })
  currency?: string;

  @TextField({
    ...CATEGORY,
    description: 'Any word; premium, commission, discount, payout, fee and refund have a nature.',
  })
  category!: string;

  @DateField({ description: 'The day on which the money moved; not in the future.' })
  posted_at!: CalendarDate;

  @TextField({ ...NOTE, optional: true })
  note?: string | null;

  @UuidField({
    optional: true,
    nullable: true,
    description: 'The caller; only an admin or a service may name another user.',
  })
  created_by_id?: string | null;
}

/** Body of PATCH …/incomes/{iid} and …/expenses/{iid}: what is absent stays. */
export class ReviseLineDto {
  @MoneyField({ optional: true })
  amount?: string;

  @TextField({ ...CURRENCY, description: SAME_CURRENCY })
  currency?: string;

  @TextField({ ...CATEGORY, optional: true })
  category?: string;

  @DateField({ optional: true })
  posted_at?: CalendarDate;

  @TextField({ ...NOTE, optional: true })
  note?: string | null;

  @BooleanField({ optional: true, description: 'true deletes the line, as DELETE does.' })
  is_deleted?: boolean;
}

/** An income or an expense. */
export class PaymentLineResource implements PaymentLineView {
  @UuidField()
  readonly id!: string;

  @UuidField()
  readonly payment_id!: string;

  @MoneyField()
  readonly amount!: string;

  @CurrencyField()
  readonly currency!: string;

  @TextField(CATEGORY)
  readonly category!: string;

  @EnumField(NATURES, { description: 'What the category speaks of; premium and refund are only in transit.' })
  readonly nature!: Nature;

  @DateField()
  readonly posted_at!: CalendarDate;

  @TextField(NOTE)
  readonly note!: string | null;

  @UuidField()
  readonly created_by_id!: string;

  @UuidField()
  readonly updated_by_id!: string;

  @IntegerField({ min: 1, max: 2_147_483_647, example: 1 })
  readonly version!: number;

  @BooleanField()
  readonly is_deleted!: boolean;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T09:30:00.000Z' })
  readonly created_at!: Instant;

  @ApiProperty({ type: 'string', format: 'date-time', example: '2026-11-23T09:30:00.000Z' })
  readonly updated_at!: Instant;
}
