/**
 * What a publisher gets once the server has acknowledged that it has stored an event.
 * @publicApi
 */
export interface PublishReceipt {
  /** The id under which the attempt that was acknowledged was sent. */
  readonly guid: string;
  /** The subject under which the event is stored. */
  readonly subject: string;
  /**
   * How often the event was sent, at least 1. More than 1 after a lost connection: the event may then be stored more
   * than once, each time under another sequence.
   */
  readonly attempts: number;
  /**
   * True where the server knew the event already, from an attempt whose ack was lost: it is stored once. Only brokers that
   * know duplicates say so (JetStream).
   */
  readonly duplicate?: boolean;
}
