import { Module } from '@nestjs/common';
import { ClientStan, ServerStan, StanLag, StanMonitoring } from 'nestjs-stan';
import { StanMetricsModule } from 'nestjs-stan/prometheus';
import { MetricsController } from './metrics.controller.js';
import type { ServiceEnvironment } from './service-environment.js';
import { SERVICE_ENVIRONMENT } from './service-environment.token.js';

/** `GET /metrics`; with the lag of the handlers where the server's monitoring port is known. */
@Module({
  imports: [
    StanMetricsModule.registerAsync({
      inject: [SERVICE_ENVIRONMENT, ServerStan, ClientStan],
      useFactory: ({ monitoringUrl }: ServiceEnvironment, server: ServerStan, client: ClientStan) => ({
        server,
        client,
        ...(monitoringUrl && { lag: new StanLag({ monitoring: new StanMonitoring({ url: monitoringUrl }) }) }),
      }),
    }),
  ],
  controllers: [MetricsController],
})
export class MetricsModule {}
