export { PaymentsHttpModule, PaymentsModule } from './payments.module.js';
