import { ValidationPipe } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ServerStan, durableQueue } from 'nestjs-stan';
import { EventConflictError } from '../messaging/event-conflict.error.js';
import { readServiceEnvironment } from './service-environment.js';
import type { ServiceEnvironment } from './service-environment.js';
import type { ServiceName } from './service-messages.js';
import { SupervisorLink } from './supervisor-link.js';

/** Starts one instance of a service: HTTP for people, NATS Streaming for events. */
export async function startService(
  service: ServiceName,
  moduleFor: (environment: ServiceEnvironment) => DynamicModule,
): Promise<void> {
  const environment = readServiceEnvironment(service);
  const app = await NestFactory.create(moduleFor(environment), {
    logger: ['fatal', 'error', 'warn'],
    forceCloseConnections: true,
  });
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true }));
  app.connectMicroservice({ strategy: eventsFor(environment) }, { inheritAppConfig: true });
  // On SIGTERM and SIGINT: running handlers finish and are acked, then everything is closed, then the process ends.
  app.enableShutdownHooks();
  const supervisor = app.get(SupervisorLink);
  supervisor.onStop(() => void app.close());

  // HTTP first: until the event bus is there, /health answers that it is not.
  await app.listen(environment.port, environment.host);
  await app.startAllMicroservices();
  supervisor.tell({ type: 'ready', url: await app.getUrl() });
}

function eventsFor({ service, clientId, clusterId, natsUrls }: ServiceEnvironment): ServerStan {
  return new ServerStan({
    clusterId,
    clientId: `${clientId}-in`,
    servers: natsUrls,
    subscription: {
      // One instance gets each event, none is missed while all are down, and the first start gets what was before it.
      ...durableQueue(service),
      ackWaitMs: 5_000,
      maxInFlight: 32,
      // An event that came too early mostly waits for one that another instance handles right now.
      retry: { attempts: 5, delayMs: 50, factor: 2, retryOn: (error) => error instanceof EventConflictError },
      // What can never be handled (undecodable, not a valid event) must not come again for ever.
      deadLetter: { subject: `${service}:dead-letters` },
    },
  });
}
