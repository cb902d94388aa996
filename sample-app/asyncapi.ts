/** For `nestjs-stan asyncapi print`: both services in one module. Nothing of it is started, so nothing has to be there. */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { OrdersModule } from './orders/orders.module.js';
import type { ServiceEnvironment } from './service/service-environment.js';
import type { ServiceName } from './service/service-messages.js';
import { TicketsModule } from './tickets/tickets.module.js';

const environmentOf = (service: ServiceName): ServiceEnvironment => ({
  ...{ service, clientId: service, clusterId: 'test-cluster', driver: undefined },
  ...{ databaseUrl: '', natsUrls: [], host: '127.0.0.1', port: 0 },
});

@Module({ imports: [TicketsModule.register(environmentOf('tickets')), OrdersModule.register(environmentOf('orders'))] })
export class Shop {}
