import { ServerStan, durableQueue } from 'nestjs-stan';
import { openTelemetry } from 'nestjs-stan/opentelemetry';
import type { ServiceEnvironment } from '../service/service-environment.js';
import { EventConflictError } from './event-conflict.error.js';

/** The transport on which an instance hears events, with what holds for all of its handlers. */
export function stanListener({ service, clientId, clusterId, natsUrls, driver }: ServiceEnvironment): ServerStan {
  return new ServerStan({
    clusterId,
    clientId: `${clientId}-in`,
    servers: natsUrls,
    driver,
    telemetry: openTelemetry(),
    subscription: {
      // One instance gets each event, none is missed while all are down, and the first start gets what was before it.
      ...durableQueue(service),
      ackWaitMs: 5_000,
      // Few: the more events are out at a time, the more of them overtake each other.
      maxInFlight: 8,
      // An event that came too early mostly waits for one that another instance handles right now. It is tried again
      // here for as long as ack wait allows; left to the server, each would cost a whole ack wait.
      retry: { attempts: 50, delayMs: 25, maxDelayMs: 200, retryOn: (error) => error instanceof EventConflictError },
      // What can never be handled (undecodable, not a valid event) is put aside at once; what could not be handled for
      // some ten minutes as well, for it keeps a place that other events need. `nestjs-stan dead-letters` brings it back.
      maxDeliveries: 120,
      deadLetter: { subject: `${service}:dead-letters` },
    },
  });
}
