import { ServerStan, durableQueue } from 'nestjs-stan';
import { openTelemetry } from 'nestjs-stan/opentelemetry';
import { PostgresEventStore } from 'nestjs-stan/postgres';
import type { Database } from '../database/database.js';
import type { ServiceEnvironment } from '../service/service-environment.js';

/** The transport on which an instance hears events, with what holds for all of its handlers. */
export function stanListener(
  { service, clientId, clusterId, natsUrls, driver }: ServiceEnvironment,
  database: Database,
): ServerStan {
  return new ServerStan({
    clusterId,
    clientId: `${clientId}-in`,
    servers: natsUrls,
    driver,
    telemetry: openTelemetry(),
    // Which versions have counted, and events that came too early: in the database that the handlers write to.
    store: new PostgresEventStore(database.sql),
    subscription: {
      // One instance gets each event, none is missed while all are down, and the first start gets what was before it.
      ...durableQueue(service),
      ackWaitMs: 5_000,
      // Few: the more events are out at a time, the more of them overtake each other.
      maxInFlight: 8,
      // What can never be handled (undecodable, not a valid event) is put aside at once; what could not be handled for
      // some ten minutes as well, for it keeps a place that other events need. `nestjs-stan dead-letters` brings it back.
      maxDeliveries: 120,
      deadLetter: { subject: `${service}:dead-letters` },
    },
  });
}
