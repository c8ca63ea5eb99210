import { Body, Controller, Delete, HttpCode, Patch, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller } from '#platform/auth';
import { Creates, Idempotent, IfMatch, Problems, UuidParam } from '#platform/http';
import type { Caller, ExpectedVersion } from '#platform/kernel';
import { AddLineCommand } from '../commands/add-line.command.js';
import { DeleteLineCommand } from '../commands/delete-line.command.js';
import { ReviseLineCommand } from '../commands/revise-line.command.js';
import type { LineKind, PaymentLineView } from '../contracts.js';
import { AddLineDto, PaymentLineResource, ReviseLineDto } from './line.dto.js';
import { PathOfPayments } from '../path-of-payments.js';
import type { PaymentPath } from '../payment-path.js';

const OF_PAYMENT = ['deal_not_found', 'policy_not_found', 'payment_not_found'];
const NOT_FOUND = [...OF_PAYMENT, 'income_not_found', 'expense_not_found'];
const MONEY = ['amount_precision', 'currency_not_supported'];
const REFUSED = ['currency_mismatch', 'posted_at_in_future', 'total_too_large'];

/** What incomes and expenses have in common. */
@ApiTags('payments')
abstract class LinesController {
  protected abstract readonly kind: LineKind;

  constructor(private readonly commands: CommandBus) {}

  @Post()
  @ApiOperation({ summary: 'Put money that came in (an income) or went out (an expense) under a payment' })
  @Creates('', { type: PaymentLineResource })
  @Problems({
    400: REFUSED,
    403: ['actor_mismatch'],
    404: OF_PAYMENT,
    409: ['payment_cancelled', 'edit_conflict'],
    412: ['version_mismatch'],
    422: MONEY,
  })
  async add(
    @CurrentCaller() caller: Caller,
    @PathOfPayments() path: PaymentPath,
    @UuidParam('pid') paymentId: string,
    @Body() { amount, currency, category, posted_at: postedAt, note = null, created_by_id }: AddLineDto,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<PaymentLineView> {
    const line = { amount, currency, category, postedAt, note };
    return this.commands.execute(new AddLineCommand(caller, path, paymentId, this.kind, line, created_by_id, expected));
  }

  @Patch(':lid')
  @Idempotent()
  @ApiOperation({ summary: 'Change a line; the journal keeps the previous values' })
  @ApiOkResponse({ type: PaymentLineResource })
  @Problems({ 400: REFUSED, 404: NOT_FOUND, 409: ['edit_conflict'], 412: ['version_mismatch'], 422: MONEY })
  async revise(
    @CurrentCaller() caller: Caller,
    @PathOfPayments() path: PaymentPath,
    @UuidParam('pid') paymentId: string,
    @UuidParam('lid') lineId: string,
    @Body() { amount, currency, category, posted_at: postedAt, note, is_deleted }: ReviseLineDto,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<PaymentLineView> {
    if (is_deleted) {
      return this.commands.execute(new DeleteLineCommand(caller, path, paymentId, this.kind, lineId, expected));
    }
    const line = { amount, currency, category, postedAt, note };
    return this.commands.execute(new ReviseLineCommand(caller, path, paymentId, this.kind, lineId, line, expected));
  }

  @Delete(':lid')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a line; the journal keeps it' })
  @Problems({ 404: NOT_FOUND, 409: ['edit_conflict'], 412: ['version_mismatch'] })
  async delete(
    @CurrentCaller() caller: Caller,
    @PathOfPayments() path: PaymentPath,
    @UuidParam('pid') paymentId: string,
    @UuidParam('lid') lineId: string,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<void> {
    await this.commands.execute(new DeleteLineCommand(caller, path, paymentId, this.kind, lineId, expected));
  }
}

@Controller(['deals/:id/payments/:pid/incomes', 'deals/:id/policies/:policy_id/payments/:pid/incomes'])
export class IncomesController extends LinesController {
  protected readonly kind = 'income';
}

@Controller(['deals/:id/payments/:pid/expenses', 'deals/:id/policies/:policy_id/payments/:pid/expenses'])
export class ExpensesController extends LinesController {
  protected readonly kind = 'expense';
}
