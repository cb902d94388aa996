import { setMaxListeners } from 'node:events';

import { pauseFor, systemClock } from '../../core/clock.js';
import type { Clock } from '../../core/clock.js';
import { Backoff } from '../../core/driver/backoff.js';
import type { DriverEvent, DriverEventListener, StanStatus } from '../../core/driver/driver-event.js';
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
import { ClientReplacedError } from '../../core/errors/client-replaced.error.js';
import { ConnectTimeoutError } from '../../core/errors/connect-timeout.error.js';
import { noteClient } from './clients-of-process.js';
import { DuplicateClientIdError } from '../../core/errors/duplicate-client-id.error.js';
import { IncompatibleDependencyError } from '../../core/errors/incompatible-dependency.error.js';
import { NotConnectedError } from '../../core/errors/not-connected.error.js';
import { SessionLostError } from '../../core/errors/session-lost.error.js';
import { StanClosedError } from '../../core/errors/stan-closed.error.js';
import type { StanError } from '../../core/errors/stan.error.js';
import type { ResolvedConnectionOptions } from '../../core/options/connection-options.js';
import { DataLimit } from './pub-msg-size.js';
import type { VendorConnect } from './stan-client.js';
import { StanSession } from './stan-session.js';
import type { StanSessionListener } from './stan-session.js';
import { StanSubscriptions } from './stan-subscriptions.js';

/**
 * After this many refusals in a row with "clientID already registered", a client that the server had dropped takes it
 * that another live process has its id. The server probes the holder each time, so a dead one would have been let go.
 */
const refusalsThatProveReplacement = 3;

/**
 * What the driver takes from its surroundings.
 * @internal
 */
export interface StanDriverSetup {
  readonly random?: () => number;
  readonly clock?: Clock;
  /** Instead of node-nats-streaming's own `connect()`. */
  readonly vendorConnect?: VendorConnect | undefined;
}

interface OpenedSession {
  readonly session: StanSession;
  readonly serverChanged: boolean;
  readonly attempts: number;
}

/** @internal */
export const stanBroker: BrokerNames = { broker: 'NATS Streaming', messagingSystem: 'nats_streaming' };

/**
 * The driver port over node-nats-streaming: one client id, one session at a time, a new session whenever one dies.
 * @internal
 */
export class StanDriver implements Driver {
  private readonly random: () => number;
  private readonly clock: Clock;
  private readonly vendorConnect: VendorConnect | undefined;
  private readonly events = new DriverEvents();
  private readonly subscriptions: StanSubscriptions;
  private readonly dataLimit: DataLimit;
  private readonly stopped = new AbortController();
  private status: StanStatus | undefined;
  private session: StanSession | undefined;
  private connecting: Promise<void> | undefined;
  private closing: Promise<void> | undefined;
  private givenUpWith: StanError | undefined;
  private lastSession: StanSession | undefined;
  /**
   * How often the STAN server may have started over without the NATS server showing it. With `-ns` they are two processes:
   * one comes back without its state while the other's id stays.
   */
  private possibleRestartCount = 0;
  private attemptCount = 0;
  private readonly warnedMembers = new Set<string>();
  private leaveProcess: () => void = () => undefined;
  /** Resolved when the next session is up, or when there will be none. */
  private sessionWaiters: (() => void)[] = [];

  constructor(
    private readonly options: ResolvedConnectionOptions,
    { random = Math.random, clock = systemClock, vendorConnect }: StanDriverSetup = {},
  ) {
    this.random = random;
    this.clock = clock;
    this.vendorConnect = vendorConnect;
    this.dataLimit = new DataLimit(options.clientId);
    // Every pause listens to it, and hundreds of subscriptions may pause at a time: not a leak.
    setMaxListeners(0, this.stopped.signal);
    const holder = {
      nextSession: () => this.nextSession(),
      isCurrent: (session: StanSession) => session === this.session,
      pause: (ms: number, action: string) => this.pause(ms, action),
      emit: (event: DriverEvent) => this.events.emit(event),
    };
    this.subscriptions = new StanSubscriptions(options, holder, { random, clock });
  }

  isReady(): boolean {
    return this.session?.isReady() ?? false;
  }

  maxDataBytes(subject: string, headerBytes: number): number | undefined {
    const limitBytes = this.session?.maxPayloadBytes();
    return limitBytes === undefined ? undefined : this.dataLimit.of(limitBytes, subject, headerBytes);
  }

  native(): unknown {
    return this.session?.native;
  }

  describe(): BrokerWords {
    return { broker: stanBroker.broker, afterTransportLost: 'the session may survive it' };
  }

  on(listener: DriverEventListener): () => void {
    return this.events.on(listener);
  }

  connect(): Promise<void> {
    this.connecting ??= this.connectFirst();
    return this.connecting;
  }

  publish(subject: string, data: Uint8Array, done: PublishAttemptDone, headerText: string): void {
    const session = this.session;
    if (session !== undefined) {
      session.publish(subject, data, done, headerText);
      return;
    }
    const cause = this.closing === undefined ? new NotConnectedError('publish') : new StanClosedError('publish');
    queueMicrotask(() => done({ outcome: 'not-sent', cause }, ''));
  }

  checkServer(): void {
    this.session?.checkServer();
  }

  subscribe(
    request: DriverSubscriptionRequest,
    onMessage: (message: DriverMessage) => void,
  ): Promise<DriverSubscription> {
    return this.subscriptions.add(request, onMessage).finally(() => this.reportIfConnected());
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async connectFirst(): Promise<void> {
    if (this.closing !== undefined) throw new StanClosedError('connect');
    this.leaveProcess = noteClient(this.options);
    this.setStatus('connecting');
    try {
      const { firstConnectTimeoutMs } = this.options.reconnect;
      await this.openWithin(firstConnectTimeoutMs, isPermanent);
      this.setStatus('connected');
    } catch (error) {
      if (!this.stopped.signal.aborted) this.giveUp(error as StanError);
      throw error;
    }
  }

  /** Tries again with back-off until a session is up, `limitMs` is over, or `stopAt` finds an error final. */
  private async openWithin(limitMs: number | undefined, stopAt: (error: StanError) => boolean): Promise<OpenedSession> {
    const startedAt = this.clock.nowMs();
    const backoff = new Backoff(this.options.reconnect, this.random);
    for (let attempt = 1; ; attempt += 1) {
      try {
        const session = await this.openOnce();
        return { session, serverChanged: this.adopt(session), attempts: attempt };
      } catch (caught) {
        const error = caught as StanError;
        const retryInMs = backoff.nextDelayMs();
        const spentMs = this.clock.nowMs() - startedAt;
        const outOfTime = limitMs !== undefined && spentMs + retryInMs > limitMs;
        if (error instanceof StanClosedError || outOfTime || stopAt(error)) throw error;
        this.events.emit({ type: 'connectAttemptFailed', attempt, retryInMs, error });
        await this.pause(retryInMs, 'connect');
      }
    }
  }

  private async openOnce(): Promise<StanSession> {
    const listener: StanSessionListener = {
      onTransportLost: () => this.transportLost(session),
      onTransportRestored: () => this.transportRestored(session),
      onSilent: () => this.serverSilent(session),
      onAnswered: (silentMs) => this.serverAnswered(session, silentMs),
      onLost: (error, forgottenByServer) => this.sessionLost(session, error, forgottenByServer),
      onWarning: (error) => this.warn(error),
    };
    const session: StanSession = new StanSession(this.options, listener, {
      possibleRestartCount: this.possibleRestartCount,
      clock: this.clock,
      vendorConnect: this.vendorConnect,
    });
    this.attemptCount += 1;
    try {
      await session.open(this.attemptCount - 1, this.stopped.signal);
    } catch (error) {
      // NATS is there and STAN is not: who answers next may be another.
      if (error instanceof ConnectTimeoutError && session.receivedServerInfo()) this.possibleRestartCount += 1;
      throw error;
    }
    return session;
  }

  /**
   * Makes it the current session; tells whether another server answers than before.
   * @throws StanError where close() was called, or the session died, between its opening and now
   */
  private adopt(session: StanSession): boolean {
    if (this.stopped.signal.aborted) {
      void session.close();
      throw new StanClosedError('connect');
    }
    if (!session.isAlive()) throw new SessionLostError(this.options.clientId, 'it closed right after it opened');
    const serverChanged = this.lastSession !== undefined && !session.isAtSameServerAs(this.lastSession);
    this.lastSession = session;
    this.session = session;
    this.wakeWaiters();
    return serverChanged;
  }

  private transportLost(session: StanSession): void {
    if (session !== this.session) return;
    this.events.emit({ type: 'transportLost' });
    this.setStatus('reconnecting');
  }

  private transportRestored(session: StanSession): void {
    if (session !== this.session) return;
    this.events.emit({ type: 'transportRestored' });
    this.wakeWaiters();
    this.reportIfConnected();
  }

  private serverSilent(session: StanSession): void {
    if (session !== this.session) return;
    this.events.emit({ type: 'serverSilent' });
    this.setStatus('reconnecting');
  }

  private serverAnswered(session: StanSession, silentMs: number): void {
    if (session !== this.session) return;
    this.events.emit({ type: 'serverAnswered', silentMs });
    this.wakeWaiters();
    this.reportIfConnected();
  }

  private sessionLost(session: StanSession, error: StanError, forgottenByServer: boolean): void {
    if (session !== this.session) return;
    this.session = undefined;
    if (forgottenByServer) this.possibleRestartCount += 1;
    this.events.emit({ type: 'sessionLost', error });
    this.setStatus('reconnecting');
    void this.reopen(forgottenByServer);
  }

  /** Never rejects: every way out is an event. */
  private async reopen(forgottenByServer: boolean): Promise<void> {
    const startedAt = this.clock.nowMs();
    try {
      const { session, serverChanged, attempts } = await this.openWithin(
        this.options.reconnect.giveUpAfterMs,
        this.replacementDetector(forgottenByServer),
      );
      const downMs = Math.round(this.clock.nowMs() - startedAt);
      this.events.emit({ type: 'sessionRestored', downMs, attempts, serverChanged });
      await this.subscriptions.attachAll(session);
      this.reportIfConnected();
    } catch (error) {
      if (!this.stopped.signal.aborted) this.giveUp(this.finalError(error as StanError, forgottenByServer));
    }
  }

  private replacementDetector(forgottenByServer: boolean): (error: StanError) => boolean {
    let refusals = 0;
    return (error) => {
      refusals = error instanceof DuplicateClientIdError ? refusals + 1 : 0;
      return forgottenByServer && refusals >= refusalsThatProveReplacement;
    };
  }

  private finalError(error: StanError, forgottenByServer: boolean): StanError {
    const replaced = forgottenByServer && error instanceof DuplicateClientIdError;
    return replaced ? new ClientReplacedError(this.options.clientId, { cause: error }) : error;
  }

  private giveUp(error: StanError): void {
    this.leaveProcess();
    this.givenUpWith = error;
    this.stopped.abort();
    this.wakeWaiters();
    this.events.emit({ type: 'gaveUp', error });
    this.setStatus('disconnected');
  }

  /** The current session once it is ready. */
  private async nextSession(): Promise<StanSession> {
    for (;;) {
      if (this.givenUpWith !== undefined) throw this.givenUpWith;
      if (this.closing !== undefined) throw new StanClosedError('subscribe');
      if (this.connecting === undefined) throw new NotConnectedError('subscribe');
      if (this.session?.isReady()) return this.session;
      await new Promise<void>((resolve) => this.sessionWaiters.push(resolve));
    }
  }

  private wakeWaiters(): void {
    const waiters = this.sessionWaiters;
    this.sessionWaiters = [];
    for (const wake of waiters) wake();
  }

  private async pause(ms: number, action: string): Promise<void> {
    await pauseFor(this.clock, ms, this.stopped.signal).catch(() => {
      throw this.givenUpWith ?? new StanClosedError(action);
    });
  }

  /** What the installed packages lack is the same in every session: it is said once. */
  private warn(error: StanError): void {
    if (error instanceof IncompatibleDependencyError) {
      if (this.warnedMembers.has(error.member)) return;
      this.warnedMembers.add(error.member);
    }
    this.events.emit({ type: 'warning', error });
  }

  private async closeAll(): Promise<void> {
    this.leaveProcess();
    this.stopped.abort();
    this.wakeWaiters();
    const session = this.session;
    if (session !== undefined) {
      await this.subscriptions.closeAll();
      const problem = await session.close();
      if (problem !== undefined) this.events.emit({ type: 'warning', error: problem });
    }
    this.session = undefined;
    // A first attempt that was under way has been told to stop: wait until nothing of it is open.
    await this.connecting?.catch(() => undefined);
    this.setStatus('closed');
  }

  /** A connection that was lost is back once every subscription is in place, whichever of them comes last. */
  private reportIfConnected(): void {
    const { session } = this;
    // Asked after each subscription, and goes through all of them.
    if (this.status === 'connected') return;
    if (session?.isReady() && this.subscriptions.areAttachedTo(session)) this.setStatus('connected');
  }

  private setStatus(status: StanStatus): void {
    if (this.status === status || this.status === 'closed') return;
    this.status = status;
    this.events.emit({ type: 'status', status });
  }
}

/** On the first connect a wrong configuration must be said at once, not retried for a minute. */
const isPermanent = (error: StanError): boolean => !error.retryable;
