import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { MessagingModule } from '../messaging/messaging.module.js';
import { HealthModule } from '../service/health.module.js';
import { MetricsModule } from '../service/metrics.module.js';
import type { ServiceEnvironment } from '../service/service-environment.js';
import { OrdersController } from './orders.controller.js';
import { OrdersRepository } from './orders.repository.js';
import { ordersSchema } from './orders.schema.js';
import { OrdersService } from './orders.service.js';
import { TicketCopiesRepository } from './ticket-copies.repository.js';
import { TicketsListener } from './tickets.listener.js';

/** The service `orders`. */
@Module({})
export class OrdersModule {
  static register(environment: ServiceEnvironment): DynamicModule {
    return {
      module: OrdersModule,
      imports: [
        DatabaseModule.register(environment.databaseUrl, ordersSchema),
        MessagingModule.register(environment),
        HealthModule,
        MetricsModule,
      ],
      controllers: [OrdersController, TicketsListener],
      providers: [OrdersService, OrdersRepository, TicketCopiesRepository],
    };
  }
}
