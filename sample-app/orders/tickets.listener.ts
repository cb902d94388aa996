import { Controller, UseInterceptors } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { Inbox } from '../messaging/inbox.js';
import type { Received } from '../messaging/inbox.js';
import { FlowInterceptor } from '../service/flow.interceptor.js';
import { shop } from '../shared/shop-events.js';
import { TicketCreated, TicketUpdated } from '../shared/ticket-events.js';
import { TicketCopiesRepository } from './ticket-copies.repository.js';

/**
 * Keeps the copy of the tickets. Queue group, durable name, ack wait and the rest are the service's defaults, see
 * main.ts. A handler that returns is acked; one that throws is not, and its event comes again.
 */
@Controller()
@UseInterceptors(FlowInterceptor)
export class TicketsListener {
  constructor(
    private readonly inbox: Inbox,
    private readonly copies: TicketCopiesRepository,
  ) {}

  @shop.EventPattern('ticket:created')
  created(@Payload() event: TicketCreated): Promise<Received> {
    return this.inbox.receive('ticket', event, (transaction) => this.copies.insert(transaction, event));
  }

  @shop.EventPattern('ticket:updated')
  updated(@Payload() event: TicketUpdated): Promise<Received> {
    return this.inbox.receive('ticket', event, (transaction) => this.copies.replace(transaction, event));
  }
}
