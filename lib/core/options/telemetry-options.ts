import type { PublishReceipt } from './publish-receipt.js';

/**
 * What is known of a publish while it is under way. Never the event's data.
 * @publicApi
 */
export interface PublishAbout {
  readonly subject: string;
  readonly clientId: string;
  /** Of the payload; `undefined` until an asynchronous serializer has answered, and where there is none to send. */
  bytes: number | undefined;
  /** What goes beside the payload. A subscriber of the channel's `start` may add to it. */
  readonly headers: Map<string, string>;
  /** What the broker is called: `NATS Streaming`, or `JetStream`. */
  readonly broker: string;
  /** What OpenTelemetry's `messaging.system` is: `nats_streaming`, or `nats_jetstream`. */
  readonly messagingSystem: string;
  /** Where the server is, for a client that knows one server only. */
  readonly serverAddress: string | undefined;
  readonly serverPort: number | undefined;
  /** Set when the server has stored the event. */
  receipt?: PublishReceipt;
  /** Set when it is not known to be stored. */
  error?: unknown;
}

/**
 * What is known of one run of a handler. Never the event's data.
 * @publicApi
 */
export interface HandleAbout {
  readonly subject: string;
  readonly sequence: number;
  /** When the server stored the event. */
  readonly timestamp: Date;
  /** The handler's method, as far as it is known. */
  readonly handler: string;
  readonly queueGroup: string | undefined;
  readonly durableName: string | undefined;
  readonly clientId: string;
  /** Deliveries of this event by the server's count, this one included. */
  readonly deliveries: number;
  /** Of the payload. */
  readonly bytes: number;
  readonly headers: ReadonlyMap<string, string>;
  /** What the broker is called: `NATS Streaming`, or `JetStream`. */
  readonly broker: string;
  /** What OpenTelemetry's `messaging.system` is: `nats_streaming`, or `nats_jetstream`. */
  readonly messagingSystem: string;
  /** Where the server is, for a client that knows one server only. */
  readonly serverAddress: string | undefined;
  readonly serverPort: number | undefined;
  /** The trace that the run belongs to, where tracing has set it: log lines about the delivery show it. */
  traceId?: string;
  /** Set when the run has failed. */
  error?: unknown;
}

/**
 * What became of an event after a run of its handler: acked; left `unacked` by a handler of the ack mode `'manual'`; what
 * follows a failure (see `AfterFailure`); stored on the dead-letter subject, or not.
 * @publicApi
 */
export type HandleOutcome =
  'acked' | 'unacked' | 'retry' | 'redelivery' | 'givenUp' | 'lost' | 'deadLettered' | 'deadLetterFailed';

/**
 * What tracing plugs in, for server and client alike; `openTelemetry()` of `nestjs-stan/opentelemetry` is one.
 *
 * `publish` and `handle` call `run` at once, inside whatever context they make, and return what it returns. Their own
 * failures disturb nothing: what they throw is logged, and `run` is called for them where they have not done it.
 * @publicApi
 */
export interface StanTelemetry {
  /** Around a publish, from `emit()` until its outcome. May add headers, which go out as far as there is room for them. */
  publish<T>(about: PublishAbout, headers: Map<string, string>, run: () => T): T;
  /** Around one run of a handler. */
  handle<T>(about: HandleAbout, headers: ReadonlyMap<string, string>, run: () => T): T;
  /** Told once after each run what became of the event; `about` is the object that `handle` got. */
  settled?(about: HandleAbout, outcome: HandleOutcome): void;
}
