export { SummarizePaymentsQuery } from './contracts.js';
export { SummaryResource } from './payment.dto.js';
export { PaymentsHttpModule, PaymentsModule } from './payments.module.js';
