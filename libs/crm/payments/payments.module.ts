import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RemindersModule } from '#platform/reminders';
import { AddLineHandler } from './commands/add-line.command.js';
import { AddPaymentHandler } from './commands/add-payment.command.js';
import { CancelPaymentHandler } from './commands/cancel-payment.command.js';
import { ConfirmPaymentHandler } from './commands/confirm-payment.command.js';
import { DeleteLineHandler } from './commands/delete-line.command.js';
import { DeletePaymentHandler } from './commands/delete-payment.command.js';
import { ReviseLineHandler } from './commands/revise-line.command.js';
import { RevisePaymentHandler } from './commands/revise-payment.command.js';
import { SchedulePaymentsHandler } from './commands/schedule-payments.command.js';
import { PaymentImporter } from './imports/payment-importer.js';
import { ExpensesController, IncomesController } from './lines/lines.controller.js';
import { PaymentExpense, PaymentIncome } from './lines/payment-line.entity.js';
import { PaymentExportsController } from './exports/payment-exports.controller.js';
import { AllPaymentsController } from './lists/all-payments.controller.js';
import { PAYMENT_REMINDERS } from './reminders/payment-reminders.js';
import { Payment } from './payment.entity.js';
import { PaymentRepository } from './payment.repository.js';
import { PaymentsController } from './payments.controller.js';
import { PaymentsPublisher } from './payments.publisher.js';
import { ExportPaymentsHandler } from './queries/export-payments.query.js';
import { GetPaymentHandler } from './queries/get-payment.query.js';
import { PlannedCurrenciesHandler } from './queries/planned-currencies.query.js';
import { HasPaymentsHandler } from './queries/has-payments.query.js';
import { ListAllPaymentsHandler } from './queries/list-all-payments.query.js';
import { ListPaymentsHandler } from './queries/list-payments.query.js';
import { SummarizePaymentsHandler } from './queries/summarize-payments.query.js';

const COMMANDS = [
  AddPaymentHandler,
  RevisePaymentHandler,
  ConfirmPaymentHandler,
  CancelPaymentHandler,
  DeletePaymentHandler,
  SchedulePaymentsHandler,
];
const LINES = [AddLineHandler, ReviseLineHandler, DeleteLineHandler];
const QUERIES = [
  ExportPaymentsHandler,
  GetPaymentHandler,
  ListPaymentsHandler,
  ListAllPaymentsHandler,
  SummarizePaymentsHandler,
  HasPaymentsHandler,
  PlannedCurrenciesHandler,
];

/** What payments and their lines are and can do. */
@Module({
  imports: [TypeOrmModule.forFeature([Payment, PaymentIncome, PaymentExpense])],
  providers: [PaymentRepository, PaymentImporter, PaymentsPublisher, ...COMMANDS, ...LINES, ...QUERIES],
})
export class PaymentsModule {}

/** Its routes. */
@Module({
  imports: [PaymentsModule],
  controllers: [
    PaymentsController,
    IncomesController,
    ExpensesController,
    AllPaymentsController,
    PaymentExportsController,
  ],
})
export class PaymentsHttpModule {}

/** Background work for payments. */
@Module({ imports: [RemindersModule.forFeature(...PAYMENT_REMINDERS)] })
export class PaymentsWorkerModule {}
