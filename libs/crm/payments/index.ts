export { AddLineCommand } from './commands/add-line.command.js';
export { AddPaymentCommand } from './commands/add-payment.command.js';
export { CancelPaymentCommand } from './commands/cancel-payment.command.js';
export { ConfirmPaymentCommand } from './commands/confirm-payment.command.js';
export { SummarizePaymentsQuery } from './contracts.js';
export { SummaryResource } from './summary.dto.js';
export { PaymentsHttpModule, PaymentsModule, PaymentsWorkerModule } from './payments.module.js';
export { PAYMENT_EVENT_TYPES } from './payment.event-types.js';
export { PAYMENT_QUEUES } from './payment-reminders.js';
