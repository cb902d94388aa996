import { Controller, UseInterceptors } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { StanTransaction } from 'nestjs-stan';
import type { Queryable } from '../database/database.js';
import { FlowInterceptor } from '../service/flow.interceptor.js';
import { OrderCancelled, OrderCreated, ticketTurns } from '../shared/order-events.js';
import { shop } from '../shared/shop-events.js';
import { TicketsService } from './tickets.service.js';

/** Reserves and releases tickets as orders come and go, which is an update of the ticket that is published in turn. */
@Controller()
@UseInterceptors(FlowInterceptor)
export class OrdersListener {
  constructor(private readonly tickets: TicketsService) {}

  @shop.EventPattern('order:created', { version: ticketTurns, lane: ticketTurns.key })
  created(@Payload() event: OrderCreated, @StanTransaction() transaction: Queryable): Promise<void> {
    return this.tickets.reserve(transaction, event.ticketId, event.id);
  }

  @shop.EventPattern('order:cancelled', { version: ticketTurns, lane: ticketTurns.key })
  cancelled(@Payload() event: OrderCancelled, @StanTransaction() transaction: Queryable): Promise<void> {
    return this.tickets.release(transaction, event.ticketId, event.id);
  }
}
