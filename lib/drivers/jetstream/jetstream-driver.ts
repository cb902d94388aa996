import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { pauseFor, systemClock } from '../../core/clock.js';
import type { Clock } from '../../core/clock.js';
import { Backoff } from '../../core/driver/backoff.js';
import type { DriverEventListener, StanStatus } from '../../core/driver/driver-event.js';
import { DriverEvents } from '../../core/driver/driver-events.js';
import type {
  BrokerNames,
  BrokerWords,
  Driver,
  DriverMessage,
  DriverSubscription,
  DriverSubscriptionRequest,
  PublishAttemptDone,
} from '../../core/driver/driver.js';
import { IncompatibleDependencyError } from '../../core/errors/incompatible-dependency.error.js';
import { CloseTimeoutError } from '../../core/errors/close-timeout.error.js';
import { NotConnectedError } from '../../core/errors/not-connected.error.js';
import { SessionLostError } from '../../core/errors/session-lost.error.js';
import { StanClosedError } from '../../core/errors/stan-closed.error.js';
import { StanError } from '../../core/errors/stan.error.js';
import type { ResolvedConnectionOptions } from '../../core/options/connection-options.js';
import { isDoneWithin } from '../../core/is-done-within.js';
import { JetStreamApi } from './jetstream-api.js';
import { closeConnection, inboxPrefixOf, openConnection, toSubscribeError } from './jetstream-connection.js';
import type { ResolvedJetStreamOptions } from './jetstream-options.js';
import { JetStreamPublisher } from './jetstream-publisher.js';
import { JetStreamStreams } from './jetstream-streams.js';
import { JetStreamSubscription } from './jetstream-subscription.js';
import { JetStreamWire } from './jetstream-wire.js';
import type { NatsConnection, VendorConnect } from './nats-client.js';
import { protocolOf } from './vendor-internals.js';

/** @internal */
export const jetStreamBroker: BrokerNames = { broker: 'JetStream', messagingSystem: 'nats_jetstream' };

/** @internal */
export interface JetStreamDriverSetup {
  readonly random?: () => number;
  readonly clock?: Clock;
  readonly vendorConnect?: VendorConnect;
}

/**
 * The driver port over a core NATS connection and JetStream's API: one connection for good, which the client makes again
 * whenever it is lost. There is no session: streams and consumers live on the server.
 * @internal
 */
export class JetStreamDriver implements Driver {
  /** Each stream has a leader of its own [JS-PUB-3]. */
  readonly ordersAcksBySubject = true;
  private readonly events = new DriverEvents();
  private readonly stopped = new AbortController();
  private readonly id = randomUUID().replaceAll('-', '');
  private readonly inboxPrefix: string;
  private readonly api: JetStreamApi;
  private readonly streams: JetStreamStreams;
  private readonly publisher: JetStreamPublisher;
  private readonly subscriptions = new Set<JetStreamSubscription>();
  private readonly attaching = new Map<JetStreamSubscription, Promise<void>>();
  private connection: NatsConnection | undefined;
  private wire: JetStreamWire | undefined;
  private isUp = false;
  private status: StanStatus | undefined;
  private connecting: Promise<void> | undefined;
  private closing: Promise<void> | undefined;
  private givenUpWith: StanError | undefined;
  private cancelGiveUp: () => void = () => undefined;
  private waiters: (() => void)[] = [];
  private nameCount = 0;
  private readonly random: () => number;
  private readonly clock: Clock;
  private readonly vendorConnect: VendorConnect | undefined;

  constructor(
    private readonly options: ResolvedConnectionOptions,
    private readonly jetstream: ResolvedJetStreamOptions,
    { random = Math.random, clock = systemClock, vendorConnect }: JetStreamDriverSetup = {},
  ) {
    this.random = random;
    this.clock = clock;
    this.vendorConnect = vendorConnect;
    // Every pause listens to it, and hundreds of subscriptions may pause at a time: not a leak.
    setMaxListeners(0, this.stopped.signal);
    this.api = new JetStreamApi(() => this.inLine(), options.connectTimeoutMs, jetstream.domain);
    this.streams = new JetStreamStreams(this.api, jetstream);
    this.inboxPrefix = inboxPrefixOf(options);
    const inbox = `${this.inboxPrefix}.${this.id}.acks.`;
    this.publisher = new JetStreamPublisher(this.streams, () => this.connection, inbox, this.id);
  }

  isReady(): boolean {
    return this.isUp;
  }

  maxDataBytes(_subject: string, headerBytes: number): number | undefined {
    const limitBytes = this.connection?.info?.max_payload;
    return limitBytes === undefined ? undefined : JetStreamPublisher.maxDataBytes(limitBytes, headerBytes);
  }

  native(): unknown {
    return this.connection;
  }

  describe(): BrokerWords {
    return { broker: jetStreamBroker.broker, afterTransportLost: 'streams and consumers stay as they are meanwhile' };
  }

  on(listener: DriverEventListener): () => void {
    return this.events.on(listener);
  }

  connect(): Promise<void> {
    this.connecting ??= this.connectFirst();
    return this.connecting;
  }

  publish(subject: string, data: Uint8Array, done: PublishAttemptDone, headerText: string, id: number): void {
    if (this.isUp) {
      this.publisher.publish(subject, data, done, headerText, id);
      return;
    }
    const cause = this.closing === undefined ? new NotConnectedError('publish') : new StanClosedError('publish');
    queueMicrotask(() => done({ outcome: 'not-sent', cause }, ''));
  }

  async subscribe(
    request: DriverSubscriptionRequest,
    onMessage: (message: DriverMessage) => void,
  ): Promise<DriverSubscription> {
    const subscription = new JetStreamSubscription(request, onMessage, {
      ...{
        api: this.api,
        clock: this.clock,
        streams: this.streams,
        clientId: this.options.clientId,
        inboxPrefix: this.inboxPrefix,
      },
      ...{ extendAckWait: this.jetstream.extendAckWait, closeTimeoutMs: this.options.connectTimeoutMs },
      connection: () => this.connection,
      wire: () => this.wire,
      isReady: () => this.isUp,
      newName: () => this.newName(),
      onLost: (lost) => this.attachAgain(lost),
      onClosed: (closed) => this.subscriptions.delete(closed),
      onWarning: (error) => this.events.emit({ type: 'warning', error }),
    });
    this.subscriptions.add(subscription);
    const deadline = this.clock.nowMs() + this.options.reconnect.firstConnectTimeoutMs;
    try {
      await this.attach(subscription, (error) => !error.retryable || this.clock.nowMs() > deadline);
    } catch (error) {
      await subscription.close();
      throw error;
    } finally {
      this.reportIfConnected();
    }
    return subscription;
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async connectFirst(): Promise<void> {
    if (this.closing !== undefined) throw new StanClosedError('connect');
    this.setStatus('connecting');
    try {
      await this.openFirst();
      this.setStatus('connected');
    } catch (error) {
      if (!this.stopped.signal.aborted) this.giveUp(error as StanError);
      throw error;
    }
  }

  private async openFirst(): Promise<void> {
    const startedAt = this.clock.nowMs();
    const backoff = new Backoff(this.options.reconnect, this.random);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.openOnce();
        return;
      } catch (caught) {
        const error = caught as StanError;
        const retryInMs = backoff.nextDelayMs();
        const isOver = this.clock.nowMs() - startedAt + retryInMs > this.options.reconnect.firstConnectTimeoutMs;
        if (this.stopped.signal.aborted || isOver || !error.retryable) throw error;
        this.events.emit({ type: 'connectAttemptFailed', attempt, retryInMs, error });
        await this.pause(retryInMs, 'connect');
      }
    }
  }

  private async openOnce(): Promise<void> {
    const backoff = new Backoff(this.options.reconnect, this.random);
    const connection = await openConnection(this.options, {
      domain: this.jetstream.domain,
      nextDelayMs: () => backoff.nextDelayMs(),
      vendorConnect: this.vendorConnect,
    });
    if (this.stopped.signal.aborted) {
      void closeConnection(connection);
      throw new StanClosedError('connect');
    }
    this.connection = connection;
    this.openWire(connection);
    const answers = connection.subscribe(`${this.inboxPrefix}.${this.id}.acks.*`, {
      callback: (error, message) => {
        if (error === null) this.publisher.onAnswer(message);
      },
    });
    this.wire?.receive(answers, (message) => this.publisher.onPlainAck(message));
    this.isUp = true;
    void this.watch(connection);
    this.wakeWaiters();
  }

  private openWire(connection: NatsConnection): void {
    const protocol = protocolOf(connection);
    if (protocol instanceof IncompatibleDependencyError) {
      this.events.emit({ type: 'warning', error: protocol });
      return;
    }
    this.wire = new JetStreamWire(protocol, this.clock);
    this.publisher.use(this.wire);
  }

  /** Never rejects: every way out is an event. */
  private async watch(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect') this.transportLost();
      else if (type === 'reconnect') this.transportRestored();
    }
    if (this.stopped.signal.aborted) return;
    const cause = await connection.closed();
    this.transportLost();
    const reason = cause instanceof Error ? cause.message : 'its connection was closed';
    this.giveUp(new SessionLostError(this.options.clientId, reason, { isConnection: true }));
  }

  private transportLost(): void {
    if (!this.isUp) return;
    this.isUp = false;
    this.wire?.transportLost();
    for (const subscription of this.subscriptions) subscription.detach();
    this.publisher.failAll(new NotConnectedError('publish'));
    this.events.emit({ type: 'transportLost' });
    this.setStatus('reconnecting');
    const { giveUpAfterMs } = this.options.reconnect;
    if (giveUpAfterMs === undefined) return;
    this.cancelGiveUp = this.clock.after(giveUpAfterMs, () => this.giveUpLate(giveUpAfterMs));
  }

  private transportRestored(): void {
    if (this.stopped.signal.aborted || this.isUp) return;
    this.cancelGiveUp();
    this.isUp = true;
    this.wire?.transportRestored();
    this.streams.forgetAll();
    this.events.emit({ type: 'transportRestored' });
    this.wakeWaiters();
    for (const subscription of this.subscriptions) this.attachAgain(subscription);
    this.reportIfConnected();
  }

  private giveUpLate(afterMs: number): void {
    const reason = `no server for ${String(afterMs)} ms`;
    this.giveUp(new SessionLostError(this.options.clientId, reason, { isConnection: true }));
  }

  /** In a later connection nothing is final, since it worked before. */
  private attachAgain(subscription: JetStreamSubscription): void {
    this.attach(subscription, () => subscription.isClosed())
      .catch((error: unknown) => {
        if (!subscription.isClosed() && !this.stopped.signal.aborted && error instanceof StanError)
          this.events.emit({ type: 'warning', error });
      })
      .finally(() => this.reportIfConnected());
  }

  /** One at a time for each subscription. */
  private attach(subscription: JetStreamSubscription, isFinal: (error: StanError) => boolean): Promise<void> {
    const underWay = this.attaching.get(subscription);
    if (underWay !== undefined) return underWay;
    const attached = this.attachWithBackoff(subscription, isFinal).finally(() => this.attaching.delete(subscription));
    this.attaching.set(subscription, attached);
    return attached;
  }

  private async attachWithBackoff(
    subscription: JetStreamSubscription,
    isFinal: (error: StanError) => boolean,
  ): Promise<void> {
    const { subject } = subscription.request;
    const backoff = new Backoff(this.options.reconnect, this.random);
    for (let attempt = 1; !subscription.isClosed(); attempt += 1) {
      await this.untilReady();
      try {
        await subscription.attach();
        if (this.isUp) return;
        // Lost again meanwhile: what it has asked for is gone.
        subscription.detach();
      } catch (caught) {
        const error = toSubscribeError(subject, this.options.connectTimeoutMs, caught);
        if (isFinal(error)) throw error;
        const retryInMs = backoff.nextDelayMs();
        this.events.emit({ type: 'subscribeAttemptFailed', subject, attempt, retryInMs, error });
        await this.pause(retryInMs, 'subscribe');
      }
    }
  }

  private async untilReady(): Promise<void> {
    for (;;) {
      if (this.givenUpWith !== undefined) throw this.givenUpWith;
      if (this.closing !== undefined) throw new StanClosedError('subscribe');
      if (this.connecting === undefined) throw new NotConnectedError('subscribe');
      if (this.isUp) return;
      await new Promise<void>((resolve) => this.waiters.push(resolve));
    }
  }

  /** The connection for a request, which goes out behind all that was sent before. */
  private inLine(): NatsConnection {
    if (this.connection === undefined) throw new NotConnectedError('ask the server');
    this.wire?.flush();
    return this.connection;
  }

  private newName(): string {
    this.nameCount += 1;
    return `${this.id}-${String(this.nameCount)}`;
  }

  private wakeWaiters(): void {
    for (const wake of this.waiters.splice(0)) wake();
  }

  private async pause(ms: number, action: string): Promise<void> {
    await pauseFor(this.clock, ms, this.stopped.signal).catch(() => {
      throw this.givenUpWith ?? new StanClosedError(action);
    });
  }

  private giveUp(error: StanError): void {
    if (this.stopped.signal.aborted) return;
    this.givenUpWith = error;
    this.stopped.abort();
    this.cancelGiveUp();
    this.wakeWaiters();
    this.publisher.failAll(error);
    this.events.emit({ type: 'gaveUp', error });
    this.setStatus('disconnected');
    if (this.connection !== undefined) void closeConnection(this.connection);
  }

  private async closeAll(): Promise<void> {
    const { connection } = this;
    this.stopped.abort();
    this.cancelGiveUp();
    this.wakeWaiters();
    await Promise.all([...this.subscriptions].map((subscription) => subscription.close()));
    const { connectTimeoutMs } = this.options;
    this.wire?.flush();
    if (
      this.isUp &&
      connection !== undefined &&
      !(await isDoneWithin(connectTimeoutMs, connection.flush(), this.clock))
    ) {
      this.events.emit({ type: 'warning', error: new CloseTimeoutError('the connection', connectTimeoutMs) });
    }
    this.isUp = false;
    this.publisher.failAll(new StanClosedError('publish'));
    if (connection !== undefined) await isDoneWithin(connectTimeoutMs, closeConnection(connection), this.clock);
    await this.connecting?.catch(() => undefined);
    this.connection = undefined;
    this.setStatus('closed');
  }

  /** A connection that was lost is back once every subscription is in place, whichever of them comes last. */
  private reportIfConnected(): void {
    if (!this.isUp || this.stopped.signal.aborted) return;
    if ([...this.subscriptions].every((one) => one.isClosed() || one.isReading())) this.setStatus('connected');
  }

  private setStatus(status: StanStatus): void {
    if (this.status === status || this.status === 'closed') return;
    this.status = status;
    this.events.emit({ type: 'status', status });
  }
}
