import { Controller, UseInterceptors } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { Inbox } from '../messaging/inbox.js';
import type { Received } from '../messaging/inbox.js';
import { OutboxRelay } from '../messaging/outbox-relay.js';
import { FlowInterceptor } from '../service/flow.interceptor.js';
import { shop } from '../shared/shop-events.js';
import { OrderCancelled, OrderCreated } from '../shared/order-events.js';
import { TicketsService } from './tickets.service.js';

/** Reserves and releases tickets as orders come and go, which is an update of the ticket that is published in turn. */
@Controller()
@UseInterceptors(FlowInterceptor)
export class OrdersListener {
  constructor(
    private readonly inbox: Inbox,
    private readonly tickets: TicketsService,
    private readonly relay: OutboxRelay,
  ) {}

  @shop.EventPattern('order:created')
  created(@Payload() event: OrderCreated): Promise<Received> {
    return this.#receive(event, (transaction) => this.tickets.reserve(transaction, event.ticketId, event.id));
  }

  @shop.EventPattern('order:cancelled')
  cancelled(@Payload() event: OrderCancelled): Promise<Received> {
    return this.#receive(event, (transaction) => this.tickets.release(transaction, event.ticketId, event.id));
  }

  async #receive(event: OrderCreated | OrderCancelled, apply: Parameters<Inbox['receive']>[2]): Promise<Received> {
    // Counted per ticket, not per order: what is about one ticket has to happen in its order.
    const received = await this.inbox.receive('orders of a ticket', { id: event.ticketId, version: event.turn }, apply);
    this.relay.kick();
    return received;
  }
}
