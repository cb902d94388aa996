import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import type { HealthCheckResult } from '@nestjs/terminus';
import { StanHealthIndicator } from 'nestjs-stan';
import { Database } from '../database/database.js';

/** Tells whether this instance can do its work now: 200 when it can, 503 and the reason when it cannot. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly stan: StanHealthIndicator,
    private readonly database: Database,
  ) {}

  @Get()
  @HealthCheck()
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.stan.isHealthy('stan'), () => this.databaseIsHealthy()]);
  }

  private async databaseIsHealthy() {
    const indicator = this.indicators.check('database');
    return this.database.query('SELECT 1').then(
      () => indicator.up(),
      (error: unknown) => indicator.down(error instanceof Error ? error.message : String(error)),
    );
  }
}
