export { addDays, businessDay, daysBetween, isCalendarDate, type CalendarDate } from './calendar-date.js';
export { type Caller, type Role, ROLES } from './caller.js';
export { Clock, instant, type Instant, SystemClock } from './clock.js';
export { DomainError, type DomainErrorKind, type FieldFault } from './domain-error.js';
export { isUuid, newId } from './ids.js';
export {
  type DateRange,
  type KeyType,
  type ListColumns,
  listOrder,
  type ListOrder,
  type Page,
  type PageRequest,
} from './page.js';
export { type PhoneText, phoneText } from './phone-text.js';
export { type ExpectedVersion } from './expected-version.js';
export { FINER_CURRENCIES, Money, WHOLE_CURRENCIES } from './money.js';
export { guarded, unguarded } from './spreadsheet-text.js';
