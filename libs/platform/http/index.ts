export { Creates } from './headers/creates.decorator.js';
export { AnswersCsv, CsvExports } from './lists/csv-export.js';
export { serveDocs } from './documents/docs.js';
export {
  BooleanField,
  CurrencyField,
  DateField,
  EmailField,
  EnumField,
  Field,
  type FieldOptions,
  IntegerField,
  MoneyField,
  ObjectField,
  PhoneField,
  TextField,
  UuidField,
} from './validation/fields.js';
export { TakesFile } from './uploads/takes-file.decorator.js';
export { type RequestFile, uploadedFile } from './uploads/file-upload.js';
export { configureHttp, createHttpAdapter, createHttpApplication } from './server/http-application.js';
export { API_PREFIX } from './server/route-table.js';
export { HttpModule } from './http.module.js';
export { Idempotent } from './idempotency/idempotent.decorator.js';
export { IdempotencyKeys } from './idempotency/idempotency-keys.js';
export { expectedVersion, IfMatch } from './headers/if-match.js';
export { type JsonSchema, jsonSchemaOf } from './validation/json-schema.js';
export { readJson } from './validation/json-body.js';
export { ChangeRanges, dateRanges, DayField, MomentField } from './lists/date-ranges.js';
export {
  decodeCursor,
  encodeCursor,
  ListAnswer,
  ListQuery,
  PageOf,
  pageRequest,
  SortField,
  toPage,
} from './lists/list-query.js';
export { openApiDocument, type OpenApiSettings } from './documents/open-api.js';
export { type Problem, PROBLEM_TYPE, sendProblem, turnIntoProblem } from './problems/problem.js';
export { type ProblemCodes, Problems } from './documents/problems.decorator.js';
export { requireStorable } from './validation/storable-request.js';
export type { Refusal } from './problems/refusal.js';
export { refusalOf } from './problems/refusal-of-error.js';
export { factsOf } from './server/request-facts.js';
export { onResponseClose } from './server/response-close.js';
export { RequestCounter } from './throttling/request-counter.js';
export { UserConcurrencyLimit } from './user-concurrency-limit.js';
export { validationFailed } from './validation/field-faults.js';
export { RequestValidationPipe, validatedBody } from './validation/request-validation.pipe.js';
export { TransformText } from './validation/transforms.js';
export { requireUuid, UuidParam } from './validation/uuid-param.js';
export { HealthModule } from './health/health.module.js';
export { Readiness } from './health/readiness.js';
export { type Program, serve } from './server/serve.js';
