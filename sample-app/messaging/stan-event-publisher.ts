import { Injectable } from '@nestjs/common';
import { ClientStan } from 'nestjs-stan';
import { FlowReporter } from '../service/flow-reporter.js';
import { activeTraceId } from '../service/tracing.js';
import { SupervisorLink } from '../service/supervisor-link.js';
import { countedAs } from '../shared/counted-as.js';
import type { ShopEvents, Subject } from '../shared/shop-events.js';
import { EventPublisher } from './event-publisher.js';
import type { EventHeaders } from './event-publisher.js';

/** Publishes on NATS Streaming: done when the server has stored the event. */
@Injectable()
export class StanEventPublisher extends EventPublisher {
  constructor(
    private readonly client: ClientStan,
    private readonly flow: FlowReporter,
    private readonly supervisor: SupervisorLink,
  ) {
    super();
  }

  async publish(subject: Subject, event: ShopEvents[Subject], headers: EventHeaders = {}): Promise<void> {
    const copies = this.supervisor.faults.twice ? 2 : 1;
    for (let copy = 1; copy <= copies; copy += 1) {
      await this.client.emitAsync(subject, event, { headers });
      const traceId = activeTraceId(headers);
      this.flow.report({
        subject,
        outcome: 'published',
        ...countedAs(event),
        ...(traceId && { traceId }),
      });
    }
  }
}
