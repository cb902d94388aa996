import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { ClientStan, ServerStan, StanHealthIndicator } from 'nestjs-stan';
import { HealthController } from './health.controller.js';

/** `GET /health`. */
@Module({
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController],
  providers: [
    {
      provide: StanHealthIndicator,
      useFactory: (listener: ServerStan, publisher: ClientStan) => new StanHealthIndicator({ listener, publisher }),
      inject: [ServerStan, ClientStan],
    },
  ],
})
export class HealthModule {}
