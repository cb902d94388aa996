import { Controller, UseInterceptors } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { StanTransaction } from 'nestjs-stan';
import type { Queryable } from '../database/database.js';
import { FlowInterceptor } from '../service/flow.interceptor.js';
import { shop } from '../shared/shop-events.js';
import { TicketCreated, TicketUpdated, ticketVersions } from '../shared/ticket-events.js';
import { TicketCopiesRepository } from './ticket-copies.repository.js';

/**
 * Keeps the copy of the tickets. Each version counts once and in order, in the transaction that the handler writes in. The lane
 * keeps an instance from running two updates of one ticket side by side, where the later one could only wait.
 * Queue group, durable name, ack wait and the rest are the service's defaults, see messaging/stan-listener.ts.
 */
@Controller()
@UseInterceptors(FlowInterceptor)
export class TicketsListener {
  constructor(private readonly copies: TicketCopiesRepository) {}

  @shop.EventPattern('ticket:created', { version: ticketVersions })
  created(@Payload() event: TicketCreated, @StanTransaction() transaction: Queryable): Promise<void> {
    return this.copies.insert(transaction, event);
  }

  @shop.EventPattern('ticket:updated', { version: ticketVersions, lane: ticketVersions.key })
  updated(@Payload() event: TicketUpdated, @StanTransaction() transaction: Queryable): Promise<void> {
    return this.copies.replace(transaction, event);
  }
}
