import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { MessagingModule } from '../messaging/messaging.module.js';
import { HealthModule } from '../service/health.module.js';
import { MetricsModule } from '../service/metrics.module.js';
import type { ServiceEnvironment } from '../service/service-environment.js';
import { OrdersListener } from './orders.listener.js';
import { TicketsController } from './tickets.controller.js';
import { TicketsRepository } from './tickets.repository.js';
import { ticketsSchema } from './tickets.schema.js';
import { TicketsService } from './tickets.service.js';

/** The service `tickets`. */
@Module({})
export class TicketsModule {
  static register(environment: ServiceEnvironment): DynamicModule {
    return {
      module: TicketsModule,
      imports: [
        DatabaseModule.register(environment.databaseUrl, ticketsSchema),
        MessagingModule.register(environment),
        HealthModule,
        MetricsModule,
      ],
      controllers: [TicketsController, OrdersListener],
      providers: [TicketsService, TicketsRepository],
    };
  }
}
