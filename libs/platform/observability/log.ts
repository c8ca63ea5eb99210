import { Injectable, type LoggerService } from '@nestjs/common';
import { RuntimeSettings } from '#platform/config';
import { pino, type Logger } from 'pino';
import { describeError } from './error-description.js';
import { RequestContext } from './request-context.js';

/** Members that never reach a log, whoever passes them. */
const PERSONAL = ['email', 'phone', 'tax_id', 'name', 'authorization', 'cookie', 'access_token', 'password'];

/**
 * One JSON line per fact on stdout, with the ids of the request it belongs to.
 * Ids only, never personal data. ERROR means that a person must act.
 */
@Injectable()
export class Log implements LoggerService {
  private readonly pino: Logger;

  constructor(settings: RuntimeSettings) {
    this.pino = pino({
      level: settings.logLevel,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
      redact: { paths: PERSONAL.flatMap((member) => [member, `*.${member}`]), remove: true },
      mixin: () => {
        const facts = RequestContext.current();
        return facts ? { request_id: facts.requestId, trace_id: facts.traceId, caller_id: facts.callerId } : {};
      },
    });
  }

  debug(fields: object | string, message?: string): void {
    this.write('debug', fields, message);
  }

  info(fields: object | string, message?: string): void {
    this.write('info', fields, message);
  }

  warn(fields: object | string, message?: string): void {
    this.write('warn', fields, message);
  }

  error(fields: object | string, message?: string): void {
    this.write('error', fields, message);
  }

  /** What NestJS itself reports goes one level down: it tells of wiring, not of the business. */
  log(message: string, context?: string): void {
    this.write('debug', { context }, message);
  }

  private write(level: 'debug' | 'info' | 'warn' | 'error', fields: object | string, message?: string): void {
    if (typeof fields === 'string') this.pino[level]({ detail: message }, fields);
    else this.pino[level](fields, message);
  }
}
