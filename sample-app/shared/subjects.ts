import type { OrderCancelled, OrderCreated } from './order-events.js';
import type { TicketCreated, TicketUpdated } from './ticket-events.js';

/** The subjects of the shop. Both sides name them through this object, so a typing error does not compile. */
export const Subjects = {
  TicketCreated: 'ticket:created',
  TicketUpdated: 'ticket:updated',
  OrderCreated: 'order:created',
  OrderCancelled: 'order:cancelled',
} as const;

/** Which event travels on which subject. */
export interface EventOf {
  'ticket:created': TicketCreated;
  'ticket:updated': TicketUpdated;
  'order:created': OrderCreated;
  'order:cancelled': OrderCancelled;
}

/** One of the shop's subjects. */
export type Subject = keyof EventOf;
