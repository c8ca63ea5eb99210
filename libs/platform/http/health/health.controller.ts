import { Controller, Get } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { HealthCheckService, type HealthCheckResult, HealthIndicatorService } from '@nestjs/terminus';
import { Public } from '#platform/auth';
import { Unlimited } from '../throttling/caller-limit.guard.js';
import { Readiness } from './readiness.js';

/** For probes: alive means that the process answers, ready that it may be sent traffic. */
@ApiExcludeController()
@Public()
@Unlimited()
@Controller()
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly readiness: Readiness,
  ) {}

  @Get(['healthz', 'health/live'])
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** @throws ServiceUnavailableException naming what is not ready. */
  @Get('health/ready')
  ready(): Promise<HealthCheckResult> {
    return this.health.check(
      this.readiness.all.map(({ name, check }) => async () => {
        const indicator = this.indicators.check(name);
        try {
          await check();
          return indicator.up();
        } catch (error) {
          return indicator.down({ message: (error as Error).message });
        }
      }),
    );
  }
}
