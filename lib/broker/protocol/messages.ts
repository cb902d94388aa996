/**
 * The thirteen messages between a STAN client and its server, as the server meets them.
 *
 * Hand-written: the set is closed since 2019, a generated codec costs 225 kB or a third of the speed, and the one the
 * client library ships rounds timestamps to doubles. Field numbers: stan.go 0.10.4 pb/protocol.proto.
 */

/** A client asks to be registered. */
export interface ConnectRequest {
  readonly clientId: string;
  readonly heartbeatInbox: string;
  readonly protocol: number;
  readonly connectionId: Buffer;
  readonly pingIntervalSecs: number;
  readonly pingMaxOut: number;
}

/** Where a field lies in its message. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Of a field that is left out. */
export const nowhere: Span = Object.freeze({ start: 0, end: 0 });

/** A client publishes. Fields are places in the bytes of the NATS message: a Buffer for each would cost more than the rest. */
export interface PubMsg {
  readonly bytes: Buffer;
  readonly clientId: Span;
  readonly guid: Span;
  readonly subject: Span;
  readonly reply: Span;
  readonly data: Span;
  readonly connectionId: Span;
}

/** A client subscribes. */
export interface SubscriptionRequest {
  readonly clientId: string;
  readonly subject: string;
  readonly queueGroup: string;
  readonly inbox: string;
  readonly maxInFlight: number;
  readonly ackWaitSecs: number;
  readonly durableName: string;
  readonly startPosition: number;
  readonly startSequence: number;
  readonly startTimeDeltaNs: bigint;
}

/** A client closes or removes a subscription; `inbox` is the ack inbox that it was given. */
export interface UnsubscribeRequest {
  readonly clientId: string;
  readonly subject: string;
  readonly inbox: string;
  readonly durableName: string;
}

/** A client acknowledges a message. */
export interface Ack {
  readonly bytes: Buffer;
  readonly subject: Span;
  readonly sequence: number;
}

/** The five ways to begin. @internal */
export const startPositions = {
  newOnly: 0,
  lastReceived: 1,
  timeDelta: 2,
  sequence: 3,
  first: 4,
} as const;
