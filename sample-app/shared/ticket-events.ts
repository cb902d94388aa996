import { IsNumber, IsOptional, IsString, IsUUID, Length, Min } from 'class-validator';
import { VersionedEvent } from './versioned-event.js';

/** How the events about a ticket count: one version after the other, whichever subject it comes on. */
export const ticketVersions = {
  stream: 'ticket',
  key: (event: TicketCreated) => event.id,
  version: (event: TicketCreated) => event.version,
};

/** A ticket is for sale. Its version is 0. */
export class TicketCreated extends VersionedEvent {
  @IsString()
  @Length(1, 80)
  readonly title!: string;

  @IsNumber({ maxDecimalPlaces: 2 })
  @Min(0)
  readonly price!: number;
}

/** A ticket has another title, price or order than before. Its version is one more than the last. */
export class TicketUpdated extends TicketCreated {
  /** The order that holds the ticket; null while anybody may order it. */
  @IsOptional()
  @IsUUID()
  readonly orderId: string | null = null;
}
