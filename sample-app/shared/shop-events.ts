import { defineEvents } from 'nestjs-stan';
import type { EmittedBy } from 'nestjs-stan';
import { OrderCancelled, OrderCreated } from './order-events.js';
import { TicketCreated, TicketUpdated } from './ticket-events.js';

/** Which event travels on which subject: checked by the compiler, when an event is written, and when it arrives. */
export const shop = defineEvents({
  'ticket:created': TicketCreated,
  'ticket:updated': TicketUpdated,
  'order:created': OrderCreated,
  'order:cancelled': OrderCancelled,
});

/** The shop's events by subject; an interface, since the compiler names it in its messages. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- see above
export interface ShopEvents extends EmittedBy<typeof shop> {}

/** One of the shop's subjects. */
export type Subject = keyof ShopEvents;

/** What each service publishes. */
export const publishedBy = {
  tickets: shop.pick('ticket:created', 'ticket:updated'),
  orders: shop.pick('order:created', 'order:cancelled'),
} as const;
