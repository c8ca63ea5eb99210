export { AsyncVariable } from './async-variable.js';
export { causesOf, describeError } from './error-description.js';
export { Log } from './log.js';
export { Metrics } from './metrics.js';
export { ObservabilityModule } from './observability.module.js';
export { RequestContext, type RequestFacts } from './request-context.js';
