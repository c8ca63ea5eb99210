import { OmitType } from '@nestjs/swagger';
import { TextField, UuidField } from '#platform/http';
import { AddPaymentDto } from '../payment.dto.js';

const SHOWN = { optional: true, max: 32, description: 'Of an export; passed over.' } as const;

/** A row of a file of payments: what POST /deals/{id}/payments takes, and the deal. */
export class PaymentRowDto extends OmitType(AddPaymentDto, ['deal_id']) {
  @UuidField({ optional: true })
  id?: string;

  @UuidField()
  deal_id!: string;

  @TextField(SHOWN)
  sequence?: string;

  @TextField(SHOWN)
  status?: string;

  @TextField(SHOWN)
  incomes_total?: string;

  @TextField(SHOWN)
  expenses_total?: string;

  @TextField(SHOWN)
  net_total?: string;
}
