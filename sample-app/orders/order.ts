/** An order as it is stored and as HTTP shows it. */
export interface Order {
  readonly id: string;
  /** 0 when it was placed, 1 when it was cancelled. */
  readonly version: number;
  readonly status: 'created' | 'cancelled';
  readonly ticketId: string;
  /** What the ticket cost when the order was placed. */
  readonly price: number;
}
