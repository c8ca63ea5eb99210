import { Injectable, type LoggerService } from '@nestjs/common';
import { RuntimeSettings } from '#platform/config';
import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { PinoPretty } from 'pino-pretty';
import { describeError } from './error-description.js';
import { RequestContext } from './request-context.js';

/** Members that are removed from every log line. */
const PERSONAL = ['email', 'phone', 'tax_id', 'name', 'authorization', 'cookie', 'access_token', 'password'];

/**
 * Writes one line per fact to stdout, with the ids of its request: JSON, or readable text in development.
 * Ids only, never personal data. ERROR means that a person must act.
 */
@Injectable()
export class Log implements LoggerService {
  private readonly pino: Logger;

  constructor(settings: RuntimeSettings) {
    const options: LoggerOptions = {
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
    };
    this.pino = settings.environment === 'development' ? pino(options, readableLines()) : pino(options);
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

  /** Logs NestJS's own messages one level lower, because they report wiring, not business facts. */
  log(message: string, context?: string): void {
    this.write('debug', { context }, message);
  }

  private write(level: 'debug' | 'info' | 'warn' | 'error', fields: object | string, message?: string): void {
    if (typeof fields === 'string') this.pino[level]({ detail: message }, fields);
    else this.pino[level](fields, message);
  }
}

/** Synchronous, so that the last line before an exit is written. Colours only on a terminal. */
function readableLines(): DestinationStream {
  return PinoPretty({ sync: true, ignore: 'pid', translateTime: 'SYS:HH:MM:ss.l' });
}
