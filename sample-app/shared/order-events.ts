import { IsInt, IsNumber, IsUUID, Min } from 'class-validator';
import { VersionedEvent } from './versioned-event.js';

/** How the events about orders count: per ticket, in turns. What is about one ticket has to happen in its order. */
export const ticketTurns = {
  stream: 'orders of a ticket',
  key: (event: OrderEvent) => event.ticketId,
  version: (event: OrderEvent) => event.turn,
};

/** What the events of an order have in common. */
class OrderEvent extends VersionedEvent {
  @IsUUID()
  readonly ticketId!: string;

  /**
   * The how-manieth event about this ticket it is, from 0, over all of its orders. The version of an order says nothing
   * about other orders: by it alone, a ticket that was ordered, cancelled and ordered again could be reserved for the
   * first order after the second one, and stay so.
   */
  @IsInt()
  @Min(0)
  readonly turn!: number;
}

/** Somebody wants a ticket. The order's version is 0. */
export class OrderCreated extends OrderEvent {
  @IsNumber({ maxDecimalPlaces: 2 })
  @Min(0)
  readonly price!: number;
}

/** An order is off, the ticket is free again. The order's version is 1. */
export class OrderCancelled extends OrderEvent {}
