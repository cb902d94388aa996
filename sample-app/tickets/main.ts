import 'reflect-metadata';
import { startService } from '../service/start-service.js';
import { TicketsModule } from './tickets.module.js';

await startService('tickets', (environment) => TicketsModule.register(environment));
