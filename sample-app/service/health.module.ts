import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { StanHealthIndicator } from 'nestjs-stan';
import { HealthController } from './health.controller.js';

/** `GET /health`. */
@Module({
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController],
  providers: [StanHealthIndicator],
})
export class HealthModule {}
