import { IsNumber, IsUUID, Min } from 'class-validator';
import { VersionedEvent } from './versioned-event.js';

/** Somebody wants a ticket. Its version is 0. */
export class OrderCreated extends VersionedEvent {
  @IsUUID()
  readonly ticketId!: string;

  @IsNumber({ maxDecimalPlaces: 2 })
  @Min(0)
  readonly price!: number;
}

/** An order is off, the ticket is free again. Its version is 1. */
export class OrderCancelled extends VersionedEvent {
  @IsUUID()
  readonly ticketId!: string;
}
