import { IsOptional, IsUUID } from 'class-validator';

/** Body of `POST /orders`. */
export class PlaceOrder {
  /** Chosen by the caller who wants to repeat the request safely: the same id makes one order. */
  @IsOptional()
  @IsUUID()
  readonly id?: string;

  @IsUUID()
  readonly ticketId!: string;
}
