import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { CurrentCaller, requireAccess } from '#platform/auth';
import type { Caller } from '#platform/kernel';
import { Metrics } from '#platform/observability';

/** For Prometheus, which brings the token of a service or an admin. */
@ApiExcludeController()
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get()
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  read(@CurrentCaller() caller: Caller): Promise<string> {
    requireAccess(caller, 'operations', 'read');
    return this.metrics.registry.metrics();
  }
}
