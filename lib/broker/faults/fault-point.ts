/**
 * Where a fault can strike: each is one kind of STAN message on its way through the broker.
 *
 * From the client: `publish`, `ack`. From the broker: `publishAck`, `message` (first deliveries and redeliveries),
 * `heartbeat`, and the answers `connectResponse`, `subscribeResponse`, `unsubscribeResponse` (also to a close of a
 * subscription), `closeResponse`, `pingResponse`.
 * @publicApi
 */
export type FaultPoint = (typeof faultPoints)[number];

/** @internal */
export const faultPoints = [
  'publish',
  'ack',
  'publishAck',
  'message',
  'heartbeat',
  'connectResponse',
  'subscribeResponse',
  'unsubscribeResponse',
  'closeResponse',
  'pingResponse',
] as const;

/**
 * What is known about the message that a fault may strike.
 * @publicApi
 */
export interface FaultTarget {
  readonly point: FaultPoint;
  /** Empty where the message does not tell. */
  readonly clientId: string;
  /** Empty where the message belongs to no channel. */
  readonly channel: string;
  /** 0 where the message has none. */
  readonly sequence: number;
}
