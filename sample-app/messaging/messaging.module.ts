import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { ServerStan, StanModule } from 'nestjs-stan';
import { openTelemetry } from 'nestjs-stan/opentelemetry';
import { FlowReporter } from '../service/flow-reporter.js';
import { SERVICE_ENVIRONMENT } from '../service/service-environment.token.js';
import type { ServiceEnvironment } from '../service/service-environment.js';
import { SupervisorLink } from '../service/supervisor-link.js';
import { publishedBy } from '../shared/shop-events.js';
import { EventPublisher } from './event-publisher.js';
import { Inbox } from './inbox.js';
import { OutboxRelay } from './outbox-relay.js';
import { Outbox } from './outbox.js';
import { StanEventPublisher } from './stan-event-publisher.js';
import { stanListener } from './stan-listener.js';

/** Outbox, inbox and the event bus of one service. */
@Module({})
export class MessagingModule {
  static register(environment: ServiceEnvironment): DynamicModule {
    const parts = [Outbox, OutboxRelay, Inbox, FlowReporter, SupervisorLink];
    return {
      module: MessagingModule,
      global: true,
      imports: [
        StanModule.register({
          clusterId: environment.clusterId,
          clientId: `${environment.clientId}-out`,
          servers: environment.natsUrls,
          driver: environment.driver,
          publishTimeoutMs: 5_000,
          telemetry: openTelemetry(),
          contract: publishedBy[environment.service],
        }),
      ],
      providers: [
        ...parts,
        { provide: SERVICE_ENVIRONMENT, useValue: environment },
        { provide: EventPublisher, useClass: StanEventPublisher },
        { provide: ServerStan, useFactory: () => stanListener(environment) },
      ],
      exports: [...parts, ServerStan, StanModule, SERVICE_ENVIRONMENT],
    };
  }
}
