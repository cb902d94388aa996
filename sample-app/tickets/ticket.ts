/** A ticket as it is stored and as HTTP shows it. */
export interface Ticket {
  readonly id: string;
  /** 0 when it was created, one more with every change. */
  readonly version: number;
  readonly title: string;
  readonly price: number;
  /** The order that holds it, or null while it is free. */
  readonly orderId: string | null;
}
