import { Inject, Injectable } from '@nestjs/common';
import { SERVICE_ENVIRONMENT } from './service-environment.token.js';
import type { ServiceEnvironment } from './service-environment.js';
import type { FlowEntry } from './service-messages.js';
import { SupervisorLink } from './supervisor-link.js';

/** Tells the page what happens to events in this instance. */
@Injectable()
export class FlowReporter {
  constructor(
    @Inject(SERVICE_ENVIRONMENT) private readonly environment: ServiceEnvironment,
    private readonly supervisor: SupervisorLink,
  ) {}

  report(entry: Omit<FlowEntry, 'instance' | 'at'>): void {
    this.supervisor.tell({ type: 'flow', entry: { ...entry, instance: this.environment.clientId, at: Date.now() } });
  }
}
