import { Logger, ValidationPipe } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ServerStan } from 'nestjs-stan';
import { refuseForeignRequests } from './refuse-foreign-requests.js';
import { readServiceEnvironment } from './service-environment.js';
import type { ServiceEnvironment } from './service-environment.js';
import type { ServiceName } from './service-messages.js';
import { startTracing, traceRequests } from './tracing.js';
import { SupervisorLink } from './supervisor-link.js';

/** Starts one instance of a service: HTTP for people, NATS Streaming for events. */
export async function startService(
  service: ServiceName,
  moduleFor: (environment: ServiceEnvironment) => DynamicModule,
): Promise<void> {
  const environment = readServiceEnvironment(service);
  const stopTracing = startTracing(environment);
  const app = await NestFactory.create(moduleFor(environment), {
    logger: ['fatal', 'error', 'warn'],
    forceCloseConnections: true,
  });
  app.use(traceRequests);
  app.use(refuseForeignRequests(environment.host));
  // For HTTP; events are checked by their contract.
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true }));
  app.connectMicroservice({ strategy: app.get(ServerStan) });
  // On SIGTERM and SIGINT: running handlers finish and are acked, then everything is closed, then the process ends.
  app.enableShutdownHooks();
  const supervisor = app.get(SupervisorLink);
  supervisor.onStop(() => void app.close());
  supervisor.atEnd(stopTracing);

  // HTTP first: until the event bus is there, /health says that it is not.
  try {
    await app.listen(environment.port, environment.host);
    await app.startAllMicroservices();
    supervisor.tell({ type: 'ready', url: await app.getUrl() });
  } catch (error) {
    new Logger(service).error(`could not start: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
    await app.close();
  }
}
