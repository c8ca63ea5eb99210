export { Creates } from './answer-headers.js';
export { AnswersCsv, CsvExports } from './csv-export.js';
export { decodeCursor, encodeCursor } from './cursor.js';
export { serveDocs } from './docs.js';
export {
  booleanKind,
  currencyKind,
  dateKind,
  emailKind,
  enumKind,
  type FieldKind,
  integerKind,
  moneyKind,
  phoneKind,
  textKind,
  uuidKind,
} from './field-kinds.js';
export {
  BooleanField,
  CurrencyField,
  DateField,
  EmailField,
  EnumField,
  type FieldOptions,
  IntegerField,
  KindField,
  ListField,
  MoneyField,
  ObjectField,
  PhoneField,
  TextField,
  UuidField,
} from './fields.js';
export { TakesFile, type UploadedFile, uploadedFile } from './file-upload.js';
export { API_PREFIX, configureHttp, createHttpAdapter, createHttpApplication } from './http-application.js';
export { HttpModule } from './http.module.js';
export { IdempotencyKeys } from './idempotency-keys.js';
export { expectedVersion, IfMatch } from './if-match.js';
export { type JsonSchema, jsonSchemaOf } from './json-schema.js';
export { readJson } from './json-body.js';
export { ListAnswer, ListQuery, PageOf, pageRequest, toPage } from './list-query.js';
export { openApiDocument, type OpenApiSettings } from './open-api.js';
export { type Problem, PROBLEM_TYPE, sendProblem, turnIntoProblem } from './problem.js';
export { type ProblemCodes, Problems } from './problems.decorator.js';
export { requireStorable } from './storable-request.js';
export type { Refusal } from './refusal.js';
export { refusalOf } from './refusal-of-error.js';
export { factsOf } from './request-facts.js';
export { CallerThrottlerGuard } from './throttling/caller-throttler.guard.js';
export { RequestCounter } from './throttling/request-counter.js';
export { ThrottlingModule } from './throttling/throttling.module.js';
export { UserShares } from './user-shares.js';
export { checkedBody, ValidationPipe, validationFailed } from './validation.pipe.js';
export { requireUuid, UuidParam } from './uuid-param.js';
export { HealthModule } from './health/health.module.js';
export { Readiness } from './health/readiness.js';
export { type Program, serve } from './serve.js';
