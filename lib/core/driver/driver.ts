import type { StanError } from '../errors/stan.error.js';
import type { StartAt } from '../options/subscription-options.js';
import type { DriverEventListener } from './driver-event.js';

/**
 * What a connection to a broker can do: the port between the rules (`core/`) and one broker's client (`drivers/*`).
 *
 * The driver owns its sessions: it opens the first one, notices that one has died, opens the next with the same client
 * id and makes every open subscription again. What it does not own are the rules: it never retries a publish, never
 * decides whether a delivery is handled, and never acks by itself except for `manualAck: false`.
 *
 * No method throws synchronously and no event is emitted from inside a call of the caller's, unless said so.
 * @internal
 */
export interface Driver {
  /**
   * True where the broker keeps each subject by itself: then acks keep the order of the publishes of one subject only, and
   * one subject may get none while others do. Left out: acks keep the order of all publishes.
   */
  readonly ordersAcksBySubject?: boolean;

  /** True while a session is up and its transport is connected: a publish now is sent at once. */
  isReady(): boolean;

  /**
   * Most bytes that the data of an event may have which goes to `subject` with `headerBytes` of headers, what the wire
   * needs beside them already taken off; may be negative. `undefined` while the server's limit is not known: before the
   * first session.
   */
  maxDataBytes(subject: string, headerBytes: number): number | undefined;

  /**
   * Opens the first session, waiting for an absent broker with jittered back-off.
   * Idempotent: concurrent and later callers get the same promise.
   * Rejects with a `StanError` when the broker stayed away for `reconnect.firstConnectTimeoutMs`, on an error that no
   * retry can mend (e.g. authorization), and with `StanClosedError` when `close()` came first. After a rejection
   * nothing stays open.
   */
  connect(): Promise<void>;

  /**
   * Sends one message in the current session; one attempt, never repeated by the driver.
   *
   * `done` is called exactly once, never synchronously: without an error once the server has acknowledged that the
   * message is stored (`guid` is its id), else with a `StanError` that says whether it may have been stored
   * ({@link PublishAttemptError}). A session that dies calls `done` of all its open attempts, in order of sending.
   * A transport that is lost for a moment calls nothing: the ack may still come after `transportRestored`.
   *
   * Does not block and does not bound: the caller keeps the window. Call it only while `isReady()`; otherwise `done`
   * gets a `not-sent` error. `headerText` are the event's headers as text (`core/wire/headers`), empty for none. `id` is
   * the publish's own number in this process, the same for every attempt: a broker that knows duplicates can be told.
   */
  publish(subject: string, data: Uint8Array, done: PublishAttemptDone, headerText: string, id: number): void;

  /**
   * Asks the server now, rather than at the next ping, whether it answers: publishing has reason to doubt it. What comes
   * of it are events. A driver without pings may leave it out.
   */
  checkServer?(): void;

  /**
   * Subscribes; resolves once the server has confirmed. While the session is being rebuilt it waits for the next one.
   * The subscription then outlives sessions until it is closed: the driver makes it again in each new one and asks
   * `request.resumeAt()` where to start.
   * `onMessage` is called synchronously as messages arrive, in order, never after `close()` of the subscription has
   * been called, and must not throw.
   * Rejects with a `StanError` when the server refuses for good (a configuration error) or the driver is closed.
   * `duplicate durable registration` is retried with back-off, since a dead session may still hold it.
   */
  subscribe(
    request: DriverSubscriptionRequest,
    onMessage: (message: DriverMessage) => void,
  ): Promise<DriverSubscription>;

  /**
   * Closes every subscription (close, never unsubscribe: a durable survives), then the session, then the transport.
   * Idempotent, bounded by the connect timeout per step, callable in every state (during connect and reconnect too).
   * Open publish attempts are reported as `unknown` with `StanClosedError`. Never rejects: what could not be said
   * to the server is reported as an event.
   */
  close(): Promise<void>;

  /** The broker in words, for what a person reads about it. */
  describe(): BrokerWords;

  /** Adds a listener for everything that happens to the connection; returns the function that removes it. */
  on(listener: DriverEventListener): () => void;

  /** The broker client's own connection object of the current session, for `unwrap()`; `undefined` without a session. */
  native(): unknown;
}

/**
 * What a broker is called.
 * @internal
 */
export interface BrokerNames {
  /** In errors and logs. */
  readonly broker: string;
  /** In telemetry: OpenTelemetry's `messaging.system`. The conventions have no registered value for either broker. */
  readonly messagingSystem: string;
}

/**
 * What is said about a broker in logs.
 * @internal
 */
export interface BrokerWords extends Pick<BrokerNames, 'broker'> {
  /** What the loss of a connection means for what the broker keeps; the end of a sentence. */
  readonly afterTransportLost: string;
}

/**
 * Called with the outcome of one publish attempt.
 * @internal
 */
export type PublishAttemptDone = (error: PublishAttemptError | undefined, guid: string, isDuplicate?: boolean) => void;

/**
 * Why one publish attempt did not succeed, and what that says about the message.
 * `not-sent`: it never left this process. `refused`: the server answered that it did not store it.
 * `unknown`: no answer; it may or may not be stored.
 * @internal
 */
export interface PublishAttemptError {
  readonly outcome: 'not-sent' | 'refused' | 'unknown';
  readonly cause: StanError;
}

/**
 * What to subscribe to, complete and validated.
 * @internal
 */
export interface DriverSubscriptionRequest {
  readonly subject: string;
  readonly queueGroup: string | undefined;
  readonly durableName: string | undefined;
  /** Where the first session starts; the server ignores it when a durable resumes. */
  readonly startAt: StartAt;
  readonly ackWaitMs: number;
  readonly maxInFlight: number;
  /** False: the client acks on arrival, before the handler has run. */
  readonly manualAck: boolean;
  /**
   * Where to start when a later session subscribes again; `serverChanged` says that another server process may answer, where
   * sequences may have started over. Asked once per attempt to subscribe again; the server ignores it when a durable
   * resumes. Without a durable this is what keeps events from being skipped.
   */
  resumeAt(serverChanged: boolean): StartAt;
}

/**
 * One arrival of one message.
 * @internal
 */
export interface DriverMessage {
  readonly subject: string;
  readonly sequence: number;
  /** When the server stored it, in nanoseconds since 1970 as a double (precise to about 256 ns). */
  readonly timestampNs: number;
  readonly redelivered: boolean;
  /** How often the server has sent it again: 0 for the first delivery. */
  readonly redeliveryCount: number;
  /** The payload; decoded on first use. */
  readonly data: Buffer;
  /** The event's headers as text (`core/wire/headers`), read on first use; empty, or not ours, where it has none. */
  readonly headerText: string;
  /** The broker client's own message object. */
  readonly native: unknown;
  /**
   * Tells the server that this delivery is done. Returns whether the ack was handed to the transport of the very
   * session and subscription that delivered it: false after either has gone. Never throws, never reaches another
   * session. More than one call sends more than one ack, which the server ignores.
   */
  ack(): boolean;
  /**
   * Asks the server to send it again after this many milliseconds, to whichever member. Returns whether that was handed to
   * the transport. A broker that cannot be asked leaves it out: it sends again after ack wait.
   */
  retryAfter?(ms: number): boolean;
  /**
   * Tells the server that its handler is at work: ack wait starts over. Returns whether that was handed to the transport.
   * Only there where it is wanted: the pipeline then calls it three times per ack wait while a handler runs.
   */
  extend?(): boolean;
}

/**
 * A subscription that lives across sessions.
 * @internal
 */
export interface DriverSubscription {
  /**
   * Takes the subscription from the server (a durable stays, offline). No message arrives after the call; acks sent
   * before it are honoured, acks after it are not. Idempotent; never rejects; bounded by the connect timeout.
   */
  close(): Promise<void>;
}
