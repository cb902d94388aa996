import type {
  BrokerWords,
  Driver,
  DriverMessage,
  DriverSubscription,
  DriverSubscriptionRequest,
  PublishAttemptDone,
  PublishAttemptError,
} from '../../lib/core/driver/driver.js';
import type { DriverEvent, DriverEventListener } from '../../lib/core/driver/driver-event.js';
import {
  NotConnectedError,
  PublishRefusedError,
  SessionLostError,
  StanClosedError,
} from '../../lib/core/errors/index.js';
import type { StanError } from '../../lib/core/errors/index.js';
import type { StartAt } from '../../lib/core/options/subscription-options.js';

/** One attempt to publish, as the fake server sees it; a test decides its outcome unless `acksAtOnce` is set. */
export class FakePublishAttempt {
  outcome: 'open' | 'acked' | 'refused' | 'unknown' | 'not-sent' = 'open';

  constructor(
    readonly subject: string,
    readonly data: Uint8Array,
    readonly session: number,
    readonly guid: string,
    private readonly done: PublishAttemptDone,
    readonly headerText = '',
    /** What tells the publish apart from all others of the process; each attempt at it has the same. */
    readonly id?: number,
  ) {}

  get text(): string {
    return Buffer.from(this.data).toString('utf8');
  }

  /** The server's ack arrives; `isDuplicate`: it had stored the event before. */
  ack(isDuplicate?: boolean): void {
    if (this.settle('acked')) this.done(undefined, this.guid, isDuplicate);
  }

  /** The server answers that it did not store it. */
  refuse(cause: StanError = new PublishRefusedError(this.subject, 'refused by the test')): void {
    this.fail('refused', cause);
  }

  /** Reports a failure with the outcome of the caller's choice. */
  fail(outcome: PublishAttemptError['outcome'], cause: StanError): void {
    if (this.settle(outcome)) this.done({ outcome, cause }, this.guid);
  }

  private settle(outcome: FakePublishAttempt['outcome']): boolean {
    if (this.outcome !== 'open') return false;
    this.outcome = outcome;
    return true;
  }
}

/** What a test says about a message that it delivers; the rest is filled in. */
export interface FakeDelivery {
  readonly sequence?: number;
  readonly data?: string | Uint8Array;
  readonly redelivered?: boolean;
  readonly redeliveryCount?: number;
  readonly timestampNs?: number;
  readonly headerText?: string;
}

/** One delivered message; `acks` counts the acks that reached the session which delivered it. */
export class FakeMessage implements DriverMessage {
  acks = 0;
  /** Acks that were refused, since the session or the subscription had gone. */
  lateAcks = 0;
  readonly native: unknown = { fake: this };

  constructor(
    readonly subject: string,
    readonly sequence: number,
    readonly timestampNs: number,
    readonly redelivered: boolean,
    readonly redeliveryCount: number,
    readonly data: Buffer,
    private readonly isReachable: () => boolean,
    readonly headerText = '',
  ) {}

  ack(): boolean {
    if (!this.isReachable()) {
      this.lateAcks += 1;
      return false;
    }
    this.acks += 1;
    return true;
  }
}

/** A subscription of the fake; the test delivers to it by hand. */
export class FakeSubscription implements DriverSubscription {
  closed = false;
  readonly delivered: FakeMessage[] = [];
  /** Where each session started, the first included. */
  readonly starts: StartAt[] = [];
  private lastSequence = 0;

  constructor(
    private readonly driver: FakeDriver,
    readonly request: DriverSubscriptionRequest,
    private readonly onMessage: (message: DriverMessage) => void,
  ) {
    this.starts.push(request.startAt);
  }

  /** Delivers one message in the current session, or nothing (and `undefined`) where none is up or it is closed. */
  deliver(delivery: FakeDelivery = {}): FakeMessage | undefined {
    if (this.closed || !this.driver.isReady()) return undefined;
    const { data = '{}', redeliveryCount = 0, redelivered = redeliveryCount > 0 } = delivery;
    const { sequence = this.lastSequence + 1, timestampNs = 1_700_000_000_000_000_000 + sequence * 1_000_000 } =
      delivery;
    this.lastSequence = Math.max(this.lastSequence, sequence);
    const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : Buffer.from(data);
    const session = this.driver.session;
    const isReachable = (): boolean => !this.closed && this.driver.session === session && this.driver.isReady();
    const { subject } = this.request;
    const message = new FakeMessage(
      subject,
      sequence,
      timestampNs,
      redelivered,
      redeliveryCount,
      bytes,
      isReachable,
      delivery.headerText,
    );
    this.delivered.push(message);
    this.onMessage(message);
    return message;
  }

  resumeIn(serverChanged: boolean): void {
    if (!this.closed) this.starts.push(this.request.resumeAt(serverChanged));
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

/** How a fake behaves unless the test steers it. */
export interface FakeDriverOptions {
  /** `true`: `connect()` succeeds by itself. `false`: it waits for `completeConnect()` or `failConnect()`. */
  readonly connectsAtOnce?: boolean;
  /** `true`: each publish is acked by itself, in the next microtask. */
  readonly acksAtOnce?: boolean;
  readonly maxPayloadBytes?: number;
  /** `true`: as a broker that keeps each subject by itself. */
  readonly ordersAcksBySubject?: boolean;
}

/** How a new session differs from the one before. */
export interface FakeRestore {
  readonly serverChanged?: boolean;
  readonly maxPayloadBytes?: number;
}

/**
 * The driver port in memory: keeps the contract of `Driver`, and lets a test play the server and the network.
 * What a control method causes is reported before it returns.
 */
export class FakeDriver implements Driver {
  /** Counts sessions from 1; 0 before the first one. */
  session = 0;
  /** Every publish attempt that reached the fake, in order of sending. */
  readonly attempts: FakePublishAttempt[] = [];
  /** Every subscription ever made, in order. */
  readonly subscriptions: FakeSubscription[] = [];
  /** Answers the next subscribe calls: an error refuses. */
  readonly subscribeErrors: StanError[] = [];
  /** How often the methods of these names were called. */
  readonly calls = { connect: 0, publish: 0, close: 0, checkServer: 0 };
  maxPayload: number | undefined;
  acksAtOnce: boolean;
  readonly ordersAcksBySubject: boolean;

  private state: 'idle' | 'connecting' | 'ready' | 'silent' | 'transportLost' | 'sessionLost' | 'gaveUp' | 'closed' =
    'idle';
  private readonly connectsAtOnce: boolean;
  private serverMaxPayload: number;
  private readonly listeners = new Set<DriverEventListener>();
  private readonly waiting: (() => void)[] = [];
  private connection: PromiseWithSettlers | undefined;
  private guidCount = 0;

  constructor(options: FakeDriverOptions = {}) {
    this.connectsAtOnce = options.connectsAtOnce ?? true;
    this.acksAtOnce = options.acksAtOnce ?? false;
    this.ordersAcksBySubject = options.ordersAcksBySubject ?? false;
    this.serverMaxPayload = options.maxPayloadBytes ?? 1_048_576;
  }

  // --- the port ---

  isReady(): boolean {
    return this.state === 'ready';
  }

  describe(): BrokerWords {
    return { broker: 'a fake', afterTransportLost: 'nothing is lost' };
  }

  maxDataBytes(): number | undefined {
    return this.maxPayload;
  }

  checkServer(): void {
    this.calls.checkServer += 1;
  }

  connect(): Promise<void> {
    this.calls.connect += 1;
    if (this.connection !== undefined) return this.connection.promise;
    if (this.state === 'closed') return Promise.reject(new StanClosedError('connect'));
    this.connection = promiseWithSettlers();
    this.state = 'connecting';
    queueMicrotask(() => {
      if (this.state !== 'connecting') return;
      this.emit({ type: 'status', status: 'connecting' });
      if (this.connectsAtOnce) this.completeConnect();
    });
    return this.connection.promise;
  }

  publish(subject: string, data: Uint8Array, done: PublishAttemptDone, headerText: string, id?: number): void {
    this.calls.publish += 1;
    this.guidCount += 1;
    const guid = `guid-${this.guidCount}`;
    const attempt = new FakePublishAttempt(subject, data, this.session, guid, done, headerText, id);
    if (this.state !== 'ready') {
      queueMicrotask(() => attempt.fail('not-sent', new NotConnectedError('publish')));
      return;
    }
    this.attempts.push(attempt);
    if (this.acksAtOnce) queueMicrotask(() => this.acksAtOnce && this.reaches(attempt) && attempt.ack());
  }

  async subscribe(
    request: DriverSubscriptionRequest,
    onMessage: (message: DriverMessage) => void,
  ): Promise<FakeSubscription> {
    while (this.state !== 'ready') {
      if (this.state === 'closed' || this.state === 'gaveUp') throw new StanClosedError('subscribe');
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    const error = this.subscribeErrors.shift();
    if (error !== undefined) throw error;
    const subscription = new FakeSubscription(this, request, onMessage);
    this.subscriptions.push(subscription);
    return subscription;
  }

  async close(): Promise<void> {
    this.calls.close += 1;
    if (this.state === 'closed') return;
    await Promise.resolve();
    this.state = 'closed';
    for (const subscription of this.subscriptions) subscription.closed = true;
    this.connection?.reject(new StanClosedError('connect'));
    this.reportOpenAttempts(new StanClosedError('publish'));
    this.emit({ type: 'status', status: 'closed' });
    this.wake();
  }

  on(listener: DriverEventListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  native(): unknown {
    return this.session > 0 && this.state !== 'closed' ? { fakeSession: this.session } : undefined;
  }

  // --- what tests do to it ---

  get openAttempts(): FakePublishAttempt[] {
    return this.attempts.filter((attempt) => attempt.outcome === 'open');
  }

  get listenerCount(): number {
    return this.listeners.size;
  }

  /** The only subscription of a subject that is open; fails the test where there is none. */
  subscriptionOf(subject: string): FakeSubscription {
    const found = this.subscriptions.filter((it) => it.request.subject === subject && !it.closed);
    if (found.length !== 1) throw new Error(`${found.length} open subscriptions of ${subject}`);
    return found[0]!;
  }

  /** The broker answers the first connect. */
  completeConnect(): void {
    if (this.state !== 'connecting') return;
    this.beginSession();
    this.emit({ type: 'status', status: 'connected' });
    this.connection?.resolve();
    this.wake();
  }

  /** The first connect fails for good. */
  failConnect(error: StanError): void {
    if (this.state !== 'connecting') return;
    this.giveUp(error);
    this.connection?.reject(error);
    this.wake();
  }

  /** STAN dies while the connection stands: no ping is answered, and no publish. */
  fallSilent(): void {
    if (this.state !== 'ready') return;
    this.state = 'silent';
    this.emit({ type: 'serverSilent' });
    this.emit({ type: 'status', status: 'reconnecting' });
  }

  answerAgain(): void {
    if (this.state !== 'silent') return;
    this.state = 'ready';
    this.emit({ type: 'serverAnswered', silentMs: 1 });
    this.emit({ type: 'status', status: 'connected' });
    this.wake();
  }

  /** The transport is lost; the session lives on, and acks that are under way are lost with it. */
  loseTransport(): void {
    if (this.state !== 'ready' && this.state !== 'silent') return;
    this.state = 'transportLost';
    this.emit({ type: 'transportLost' });
    this.emit({ type: 'status', status: 'reconnecting' });
  }

  restoreTransport(): void {
    if (this.state !== 'transportLost') return;
    this.state = 'ready';
    this.emit({ type: 'transportRestored' });
    this.emit({ type: 'status', status: 'connected' });
    this.wake();
  }

  /** The session dies: every open attempt is reported, in order of sending, then the loss. */
  loseSession(error: StanError = new SessionLostError('fake', 'lost by the test')): void {
    if (this.state !== 'ready' && this.state !== 'silent' && this.state !== 'transportLost') return;
    this.state = 'sessionLost';
    this.reportOpenAttempts(error);
    this.emit({ type: 'sessionLost', error });
    this.emit({ type: 'status', status: 'reconnecting' });
  }

  /** A new session is up. `serverChanged`: another server process answers. */
  restoreSession({ serverChanged = false, maxPayloadBytes = this.serverMaxPayload }: FakeRestore = {}): void {
    if (this.state !== 'sessionLost') return;
    this.serverMaxPayload = maxPayloadBytes;
    this.beginSession();
    for (const subscription of this.subscriptions) subscription.resumeIn(serverChanged);
    this.emit({ type: 'sessionRestored', downMs: 1, attempts: 1, serverChanged });
    this.emit({ type: 'status', status: 'connected' });
    this.wake();
  }

  /** No further session will be tried. */
  giveUp(error: StanError = new SessionLostError('fake', 'given up by the test')): void {
    if (this.state === 'ready' || this.state === 'transportLost') this.loseSession(error);
    this.state = 'gaveUp';
    this.emit({ type: 'gaveUp', error });
    this.emit({ type: 'status', status: 'disconnected' });
  }

  /** Tells the listeners of an event that changes nothing in the fake itself. */
  emit(event: DriverEvent): void {
    for (const listener of [...this.listeners]) listener(event);
  }

  private beginSession(): void {
    this.session += 1;
    this.maxPayload = this.serverMaxPayload;
    this.state = 'ready';
  }

  private reaches(attempt: FakePublishAttempt): boolean {
    return this.state === 'ready' && attempt.session === this.session;
  }

  private reportOpenAttempts(cause: StanError): void {
    for (const attempt of this.openAttempts) attempt.fail('unknown', cause);
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

interface PromiseWithSettlers {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

function promiseWithSettlers(): PromiseWithSettlers {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<void>((onDone, onError) => {
    resolve = onDone;
    reject = onError;
  });
  // Whoever awaits the promise still sees the rejection; nobody awaiting it must not end the process.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
