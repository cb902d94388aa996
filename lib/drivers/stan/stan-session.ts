import type { Clock } from '../../core/clock.js';
import type { PublishAttemptDone } from '../../core/driver/driver.js';
import { CloseTimeoutError } from '../../core/errors/close-timeout.error.js';
import { ConnectFailedError } from '../../core/errors/connect-failed.error.js';
import { ConnectTimeoutError } from '../../core/errors/connect-timeout.error.js';
import { NotConnectedError } from '../../core/errors/not-connected.error.js';
import { SessionLostError } from '../../core/errors/session-lost.error.js';
import { StanClosedError } from '../../core/errors/stan-closed.error.js';
import { StanError } from '../../core/errors/stan.error.js';
import type { ResolvedConnectionOptions } from '../../core/options/connection-options.js';
import type { StartAt } from '../../core/options/subscription-options.js';
import type { DriverSubscriptionRequest } from '../../core/driver/driver.js';
import { InboundMessages } from './inbound-messages.js';
import type { MessageReceiver } from './inbound-messages.js';
import { outboundCommands } from './outbound-commands.js';
import type { OutboundCommands } from './outbound-commands.js';
import { PingWatch } from './ping-watch.js';
import type { PingTarget, PingWatchListener } from './ping-watch.js';
import { SessionPublishes } from './session-publishes.js';
import { createStanClient, refusePingTimer } from './stan-client.js';
import type { VendorConnect } from './stan-client.js';
import { isReplacedOrUnknown, textOf, toConnectError, toErrorOptions } from './stan-error-mapping.js';
import { toClientOptions } from './stan-options.js';
import { toSubscriptionOptions } from './stan-subscription-options.js';
import { forgottenError, TransportWatch } from './transport-watch.js';
import { assertConnectedClient, findAckObstacle, findObstacle } from './vendor-internals.js';
import type { StanClient, StanSubscriptionObject } from './vendor-internals.js';

/** What a session tells its driver. Nothing is told after `onLost`, nor after `close()` was called. */
export interface StanSessionListener {
  onTransportLost(): void;
  onTransportRestored(): void;
  /** The transport stands, and STAN does not answer pings. */
  onSilent(): void;
  /** STAN answers again, after at least one ping without an answer. */
  onAnswered(silentMs: number): void;
  onLost(error: StanError, forgottenByServer: boolean): void;
  onWarning(error: StanError): void;
}

/** What a session takes from its driver. */
export interface StanSessionSetup {
  /** How often, before this session, the server may have started over without the NATS server showing it. */
  readonly possibleRestartCount: number;
  readonly clock: Clock;
  readonly vendorConnect: VendorConnect | undefined;
}

type SessionState = 'opening' | 'up' | 'silent' | 'closing' | 'dead';

/**
 * One registration of a client id with the server, from the connect request to its end. It is never reused: what comes
 * after a dead session is another one.
 */
export class StanSession {
  /** Resolves with the reason once it is over, however it ends. */
  readonly over: Promise<StanError>;
  private endWith!: (reason: StanError) => void;
  private state: SessionState = 'opening';
  private client: StanClient | undefined;
  /** The reason of an end that we know before the vendor's client reports its open publishes. */
  private endReason: StanError | undefined;
  private serverIdSeen: string | undefined;
  private publishes: SessionPublishes | undefined;
  private inbound: InboundMessages | undefined;
  private commands: OutboundCommands | undefined;
  private pings: PingWatch | undefined;
  private readonly transport: TransportWatch;

  constructor(
    private readonly options: ResolvedConnectionOptions,
    private readonly listener: StanSessionListener,
    private readonly setup: StanSessionSetup,
  ) {
    this.over = new Promise((resolve) => (this.endWith = resolve));
    this.transport = new TransportWatch(options, {
      onLost: () => {
        this.pings?.stop();
        this.listener.onTransportLost();
      },
      onRestored: () => this.restoreTransport(),
      onSessionLost: (error, forgottenByServer) => this.fail(error, forgottenByServer),
    });
  }

  /** False where the server may have started over between the two: another NATS server process answers, or see above. */
  isAtSameServerAs(other: StanSession): boolean {
    return (
      this.serverIdSeen === other.serverIdSeen && this.setup.possibleRestartCount === other.setup.possibleRestartCount
    );
  }

  /** Whether a NATS server has greeted us, whatever became of the session. */
  receivedServerInfo(): boolean {
    return this.client?.nc?.info?.server_id !== undefined;
  }

  get clock(): Clock {
    return this.setup.clock;
  }

  get native(): StanClient | undefined {
    return this.client;
  }

  /** False once dead; acks and requests of this session go nowhere then. */
  isAlive(): boolean {
    return this.state !== 'opening' && this.state !== 'dead';
  }

  isReady(): boolean {
    return this.state === 'up' && !this.transport.isLost();
  }

  maxPayloadBytes(): number | undefined {
    return this.client?.nc?.info?.max_payload;
  }

  /** Makes the one attempt to open it. Rejects with a `StanError`; nothing stays open then. */
  open(attempt: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timeoutMs = this.options.connectTimeoutMs * (this.options.servers.length + 1);
      const finish = (error: StanError | undefined): void => {
        if (this.state !== 'opening') return;
        cancelTimeout();
        signal.removeEventListener('abort', abort);
        this.state = error === undefined ? 'up' : 'dead';
        if (error === undefined) {
          this.startPings();
          this.chooseWays();
          resolve();
          return;
        }
        this.dispose(error);
        reject(error);
      };
      const abort = (): void => finish(new StanClosedError('connect'));
      const cancelTimeout = this.clock.after(timeoutMs, () =>
        finish(new ConnectTimeoutError(this.options.servers, timeoutMs, { clusterId: this.options.clusterId })),
      );
      signal.addEventListener('abort', abort);
      try {
        const client = createStanClient(
          this.options.clusterId,
          this.options.clientId,
          toClientOptions(this.options, attempt),
          this.setup.vendorConnect,
        );
        this.client = client;
        this.listenWhileOpening(client, finish);
        this.listenToClient(client);
        if (signal.aborted) abort();
      } catch (error) {
        finish(this.toCreateError(error));
      }
    });
  }

  /** See the port: one attempt, `done` exactly once, never synchronously. */
  publish(subject: string, data: Uint8Array, done: PublishAttemptDone, headerText: string): void {
    const nats = this.client?.nc;
    if (!this.isReady() || this.publishes === undefined || nats === undefined || nats.closed) {
      queueMicrotask(() => done({ outcome: 'not-sent', cause: new NotConnectedError('publish') }, ''));
      return;
    }
    this.publishes.send(subject, data, done, headerText);
  }

  /** Where commands of NATS leave from; `undefined` where the connection is closed. */
  outbound(): OutboundCommands | undefined {
    const nats = this.client?.nc;
    return nats === undefined || nats.closed ? undefined : this.commands;
  }

  /** Pings now, rather than at the next turn. */
  checkServer(): void {
    this.pings?.ask();
  }

  /**
   * Asks for a subscription, and hands the bytes of its messages to `receiver`: those that `InboundMessages` takes out of
   * the stream, and those that the client has parsed. `undefined` where the session is not ready.
   */
  subscribe(
    request: DriverSubscriptionRequest,
    startAt: StartAt,
    receiver: MessageReceiver,
  ): StanSubscriptionObject | undefined {
    const { client } = this;
    if (client === undefined || !this.isReady()) return undefined;
    const { subject, queueGroup } = request;
    const vendorOptions = toSubscriptionOptions(client.subscriptionOptions(), request, startAt);
    client.processMsg = () => (text) => {
      const bytes = Buffer.from(text, 'latin1');
      receiver(bytes, 0, bytes.length);
    };
    const native =
      queueGroup === undefined
        ? client.subscribe(subject, vendorOptions)
        : client.subscribe(subject, queueGroup, vendorOptions);
    this.inbound?.receive(native.inboxSub, receiver);
    return native;
  }

  stopReceiving(sid: number): void {
    this.inbound?.remove(sid);
  }

  /** Tells of a problem that ends nothing. */
  warn(error: StanError): void {
    if (this.isAlive()) this.listener.onWarning(error);
  }

  /** Ends the session from our side because it cannot be trusted any more; the driver opens the next one. */
  fail(error: StanError, forgottenByServer = false): void {
    if (!this.isAlive()) return;
    const closing = this.state === 'closing';
    this.state = 'dead';
    this.endReason = error;
    this.dispose(error);
    if (!closing) this.listener.onLost(error, forgottenByServer);
  }

  /**
   * Says goodbye to the server and closes the transport. Bounded by the connect timeout. Resolves with what could not
   * be said, if anything.
   */
  async close(): Promise<StanError | undefined> {
    const client = this.client;
    if (client === undefined || this.state === 'dead' || this.state === 'closing') return undefined;
    const transportUp = this.isReady();
    this.pings?.stop();
    this.transport.stop();
    this.state = 'closing';
    this.endReason = new StanClosedError('publish');
    this.publishes?.failAll(this.endReason);
    const problem = transportUp ? await this.closeClient(client) : new CloseTimeoutError('the session', 0);
    this.state = 'dead';
    this.dispose(this.endReason);
    return problem;
  }

  private closeClient(client: StanClient): Promise<StanError | undefined> {
    return new Promise((resolve) => {
      const timeoutMs = this.options.connectTimeoutMs;
      // The client's own timeout does not run while its transport is down, so it is bounded here.
      const cancelTimeout = this.clock.after(timeoutMs + 100, () =>
        resolve(new CloseTimeoutError('the session', timeoutMs)),
      );
      client.on('close', (error) => {
        cancelTimeout();
        resolve(error instanceof Error ? new CloseTimeoutError('the session', timeoutMs, { cause: error }) : undefined);
      });
      client.close();
    });
  }

  private listenWhileOpening(client: StanClient, finish: (error: StanError | undefined) => void): void {
    client.on('connect', () => {
      try {
        assertConnectedClient(client);
        this.serverIdSeen = client.nc?.info?.server_id;
        finish(undefined);
      } catch (error) {
        finish(this.toCreateError(error));
      }
    });
    client.on('error', (error) => finish(toConnectError(error, this.options)));
    client.on('connection_lost', (error) => finish(toConnectError(error, this.options)));
    client.on('close', () => finish(new ConnectFailedError(this.options.servers, 'the connection was closed')));
  }

  private listenToClient(client: StanClient): void {
    const nats = client.nc;
    // Before the vendor's own listener: it calls every open publish back without an error, a false success.
    nats?.prependListener('close', () => {
      this.endReason ??= new SessionLostError(this.options.clientId, 'the NATS client gave up reconnecting');
    });
    const warnOf = (error: unknown): void =>
      this.warn(new ConnectFailedError(this.options.servers, textOf(error), toErrorOptions(error)));
    nats?.on('permission_error', warnOf);
    client.on('error', warnOf);
    client.on('disconnect', () => this.loseTransport());
    client.on('reconnect', () => this.transport.probe(this.pingTarget()));
    client.on('connection_lost', (error) => {
      const reason = textOf(error);
      this.fail(new SessionLostError(this.options.clientId, reason, toErrorOptions(error)), isReplacedOrUnknown(error));
    });
    client.on('close', () => {
      if (this.state === 'closing') return;
      this.fail(this.endReason ?? new SessionLostError(this.options.clientId, 'the connection was closed'));
    });
  }

  private toCreateError(error: unknown): StanError {
    if (error instanceof StanError) return error;
    return new ConnectFailedError(this.options.servers, textOf(error), { retryable: false, ...toErrorOptions(error) });
  }

  /** Our own ways to send and receive where the client's internals allow them, with a warning where they do not. */
  private chooseWays(): void {
    const { client } = this;
    const nats = client?.nc;
    if (client === undefined || nats === undefined) return;
    const commands = outboundCommands(nats);
    this.commands = commands;
    this.publishes = new SessionPublishes({
      ...{ client, commands, clientId: this.options.clientId },
      onForgotten: (error) => this.fail(error, true),
    });
    if (findObstacle('receive', nats) === undefined) this.inbound = new InboundMessages(nats);
    this.receiveAcks(client, this.publishes);
    for (const way of ['send', 'receive', 'selectServer'] as const) {
      const obstacle = findObstacle(way, nats);
      if (obstacle !== undefined) this.warn(obstacle);
    }
  }

  private receiveAcks(client: StanClient, publishes: SessionPublishes): void {
    const obstacle = findAckObstacle(client);
    if (obstacle !== undefined) this.warn(obstacle);
    const { ackSubscription } = client;
    if (typeof ackSubscription !== 'number') return;
    this.inbound?.receive(ackSubscription, (bytes, from, to) => publishes.receiveAck(bytes, from, to));
  }

  /** A server that answers the connect request without a subject for pings knows none. */
  private pingTarget(): PingTarget | undefined {
    const { client } = this;
    const nats = client?.nc;
    if (nats === undefined || client?.pingRequests === undefined || client.pingBytes === undefined) return undefined;
    return { nats, subject: client.pingRequests, body: client.pingBytes };
  }

  private startPings(): void {
    const target = this.pingTarget();
    if (target === undefined) return;
    const listener: PingWatchListener = {
      onSilent: () => this.fallSilent(),
      onAnswered: (silentMs) => this.answerAgain(silentMs),
      onForgotten: () => this.fail(forgottenError(this.options.clientId), true),
    };
    this.pings = new PingWatch(target, this.options.pingIntervalMs, listener, this.clock);
    this.pings.start();
  }

  private fallSilent(): void {
    if (!this.isReady()) return;
    this.state = 'silent';
    this.listener.onSilent();
  }

  private answerAgain(silentMs: number): void {
    if (this.transport.isLost() || (this.state !== 'up' && this.state !== 'silent')) return;
    this.state = 'up';
    this.failUnansweredPublishes();
    this.listener.onAnswered(silentMs);
  }

  private loseTransport(): void {
    if (this.state === 'up' || this.state === 'silent') this.transport.lose();
  }

  private restoreTransport(): void {
    // The same session on a restarted server: it kept its state, so the next comparison starts from this process.
    this.serverIdSeen = this.client?.nc?.info?.server_id ?? this.serverIdSeen;
    this.state = 'up';
    this.failUnansweredPublishes();
    this.pings?.start();
    this.listener.onTransportRestored();
  }

  private failUnansweredPublishes(): void {
    const reason = 'no answer, and two connections or servers were lost since';
    this.publishes?.failUnanswered(new SessionLostError(this.options.clientId, reason));
  }

  /** Ends the vendor's client at once and for good: no timer, no socket, no listener of it stays. */
  private dispose(error: StanError): void {
    this.endWith(error);
    this.pings?.stop();
    this.transport.stop();
    this.publishes?.failAll(this.endReason ?? error);
    const client = this.client;
    if (client === undefined) return;
    const nats = client.nc;
    // Emits an event that has no listeners, never 'error'.
    client.closeWithError('disposed', error);
    refusePingTimer(client);
    nats?.close();
  }
}
