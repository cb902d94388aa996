import { Module } from '@nestjs/common';
import type { DynamicModule, OnModuleInit } from '@nestjs/common';
import { ServerStan, StanModule } from 'nestjs-stan';
import { openTelemetry } from 'nestjs-stan/opentelemetry';
import { Database } from '../database/database.js';
import { FlowReporter } from '../service/flow-reporter.js';
import { GateReporter } from '../service/gate-reporter.js';
import { SERVICE_ENVIRONMENT } from '../service/service-environment.token.js';
import type { ServiceEnvironment } from '../service/service-environment.js';
import { SupervisorLink } from '../service/supervisor-link.js';
import { publishedBy } from '../shared/shop-events.js';
import { EventPublisher } from './event-publisher.js';
import { OutboxRelay } from './outbox-relay.js';
import { Outbox } from './outbox.js';
import { StanEventPublisher } from './stan-event-publisher.js';
import { stanListener } from './stan-listener.js';

/** The outbox and the event bus of one service. */
@Module({})
export class MessagingModule implements OnModuleInit {
  constructor(
    private readonly server: ServerStan,
    private readonly relay: OutboxRelay,
  ) {}

  /** What a handler wrote into the outbox can be published once its event has counted: after the commit, not before. */
  onModuleInit(): void {
    for (const event of ['handled', 'unparked'] as const) this.server.on(event, () => this.relay.kick());
  }

  static register(environment: ServiceEnvironment): DynamicModule {
    const parts = [Outbox, OutboxRelay, FlowReporter, GateReporter, SupervisorLink];
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
        {
          provide: ServerStan,
          useFactory: (database: Database) => stanListener(environment, database),
          inject: [Database],
        },
      ],
      exports: [...parts, ServerStan, StanModule, SERVICE_ENVIRONMENT],
    };
  }
}
