import 'reflect-metadata';
import { startService } from '../service/start-service.js';
import { OrdersModule } from './orders.module.js';

await startService('orders', (environment) => OrdersModule.register(environment));
