import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { ClientProxy } from '@nestjs/microservices';
import type { ReadPacket, WritePacket } from '@nestjs/microservices';
import { throwError } from 'rxjs';
import type { Observable } from 'rxjs';

import { describeError, isError } from '../../core/errors/describe-error.js';
import { chosenDriver } from '../../core/driver/driver-choice.js';
import type { DriverEvent, StanStatus } from '../../core/driver/driver-event.js';
import type { BrokerNames, Driver } from '../../core/driver/driver.js';
import { describeValue } from '../../core/errors/describe-value.js';
import {
  DrainTimeoutError,
  MessagePatternUnsupportedError,
  NotConnectedError,
  PublishBufferFullError,
  PublishTimeoutError,
  StanClosedError,
  StanError,
} from '../../core/errors/index.js';
import { resolveClientOptions } from '../../core/options/index.js';
import {
  GuardedTelemetry,
  PublishObserver,
  serverAddressOf,
  publishConnectionEvent,
} from '../../core/observe/index.js';
import type { ServerAddress } from '../../core/observe/index.js';
import type {
  PublishAbout,
  ResolvedClientOptions,
  ResolvedConnectionOptions,
  StanClientOptions,
} from '../../core/options/index.js';
import { publishOverheadBytes } from '../../core/publishing/index.js';
import type { PublishReceipt } from '../../core/publishing/index.js';
import { encodeHeaders, encodeWithAdded, encoderOf, isPromise, refuseWhatIsNoData } from '../../core/wire/index.js';
import type { Encoder, StanEmitOptions } from '../../core/wire/index.js';
import { StanDriver } from '../../drivers/stan/stan-driver.js';
import { stanOptionNames } from '../../drivers/stan/stan-option-names.js';
import { brokerNamesOf } from '../broker-names.js';
import type { PayloadOf, SubjectOf } from '../contracts/typed-events.js';
import { logConnectionEvent } from '../events/connection-log.js';
import { EventHub } from '../events/event-hub.js';
import { logLine } from '../events/log-line.js';
import { SafeLogger } from '../events/safe-logger.js';
import { assertListener } from '../events/event-names.js';
import { systemClock } from '../../core/clock.js';
import { isDoneWithin } from '../../core/is-done-within.js';
import { assertPattern } from '../event-pattern.js';
import { ClientConnection } from './client-connection.js';
import { EmittedEvent } from './emitted-event.js';
import { PendingEncodings } from './pending-encodings.js';
import { clientEventNames } from './stan-client-events.js';
import type { PublishErrorEvent, StanClientEvents } from './stan-client-events.js';
import { isStanRecord } from './stan-record.js';
import type { StanRecord } from './stan-record.js';
import { toGivenEvent, toOutgoingHeaders } from './outgoing-headers.js';

/** An event on its way to the ledger, with what travels beside it; its serializer may still work. */
interface Outgoing {
  readonly subject: string;
  readonly bytes: Buffer | Promise<Buffer>;
  readonly headerText: string;
  /** Telemetry may add to them. */
  readonly headers: Map<string, string> | undefined;
}

/** Told the outcome of one event, exactly once and never from inside the call that emits it. */
interface EmitOutcome {
  settle(error: Error | undefined, receipt: PublishReceipt | undefined): void;
}

/**
 * What `emitAsync()` returns, kept in as little memory as it takes, since thousands may be pending: without a closure, and
 * without the promise's own `reject`.
 */
class PromisedOutcome implements EmitOutcome {
  constructor(private readonly resolve: (receipt: PublishReceipt | Promise<never>) => void) {}

  settle(error: Error | undefined, receipt: PublishReceipt | undefined): void {
    // Without an error there is a receipt. A rejected promise that a promise is resolved with is handled by that.
    this.resolve(error === undefined ? (receipt as PublishReceipt) : Promise.reject(error));
  }
}

/**
 * The Nest client that publishes: an event counts as emitted only once the server has acknowledged that it is stored.
 *
 * It connects with the first event, with `connect()`, or when the application has started, whichever comes first; a start
 * is not held up by an absent broker. It closes in `onApplicationShutdown`, which Nest calls after the handlers of
 * `ServerStan` have drained, so they can publish to the end. Server and client are two sessions with the server: give each
 * a `clientId` of its own.
 * @throws InvalidOptionError (STAN_INVALID_OPTION) from the constructor, naming the option
 * @publicApi
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- without a contract any event is taken
export class ClientStan<TEvents extends Record<string, any> = any>
  extends ClientProxy<StanClientEvents>
  implements OnApplicationBootstrap, OnApplicationShutdown
{
  private readonly logger = new SafeLogger(ClientStan.name);
  private readonly options: ResolvedClientOptions;
  private readonly encoder: Encoder;
  private readonly encodings = new PendingEncodings(systemClock);
  private readonly observer: PublishObserver;
  private readonly address: ServerAddress;
  private readonly broker: BrokerNames;
  private readonly hub = new EventHub((error) => this.logger.failed('a listener of on()', error));
  private connection: ClientConnection | undefined;
  private closing: Promise<void> | undefined;

  constructor(
    options: StanClientOptions<TEvents>,
    private readonly makeDriver: (options: ResolvedConnectionOptions) => Driver = (connection) =>
      chosenDriver(connection) ?? new StanDriver(connection),
  ) {
    super();
    this.options = resolveClientOptions(options, stanOptionNames);
    this.encoder = encoderOf(this.options.serializer);
    const { telemetry, connection } = this.options;
    this.address = serverAddressOf(connection.servers);
    this.broker = brokerNamesOf(connection);
    this.observer = new PublishObserver({
      telemetry:
        telemetry === undefined
          ? undefined
          : new GuardedTelemetry(telemetry, (error) => this.logger.failed('the telemetry', error)),
      hasListeners: () => this.hub.has('publishSettled'),
      emit: (event) => this.hub.emit(event),
    });
  }

  /** The connection's states as they happen, the current one first. */
  override get status(): Observable<StanStatus> {
    // Declared as strings in the class's type argument: with our own union there, Nest's ClientsModule would not take
    // the class as `customClass`. Nothing but a driver's status is ever put in.
    return super.status as Observable<StanStatus>;
  }

  /**
   * Resolves once a session is up, waiting for an absent broker until `reconnect.firstConnectTimeoutMs`. Idempotent;
   * later session losses are mended without it. Opens a closed or given-up client again.
   */
  async connect(): Promise<void> {
    await this.resetIfClosed();
    if (this.closing !== undefined) throw new StanClosedError('connect');
    await this.openConnection().connected;
  }

  /**
   * Waits until everything emitted has its outcome, at most `drainTimeoutMs`, fails the rest with `StanClosedError`, and
   * closes the session. Events that come later fail with `StanClosedError`. Idempotent, callable at any time; never
   * rejects.
   */
  close(): Promise<void> {
    this.closing ??= this.drainAndClose();
    return this.closing;
  }

  /**
   * Emits an event, whether or not the observable is subscribed to: it gives one {@link PublishReceipt} and completes once
   * the server has stored the event, else it errors. A failure that no subscriber takes is logged and told to
   * `on('publishError')`. `data` may be a `StanRecord`, made by `StanRecordBuilder`, to give the event an id, a key or
   * headers.
   */
  /* eslint-disable @typescript-eslint/no-unused-vars, @typescript-eslint/unified-signatures -- Nest's order of type arguments; a mistake is told about the payload, not about a union */
  override emit<TResult = PublishReceipt, _TInput = unknown, Subject extends SubjectOf<TEvents> = SubjectOf<TEvents>>(
    pattern: Subject,
    record: StanRecord<PayloadOf<TEvents, Subject>>,
  ): Observable<TResult>;
  override emit<TResult = PublishReceipt, _TInput = unknown, Subject extends SubjectOf<TEvents> = SubjectOf<TEvents>>(
    pattern: Subject,
    data: PayloadOf<TEvents, Subject>,
  ): Observable<TResult>;
  /* eslint-enable @typescript-eslint/no-unused-vars, @typescript-eslint/unified-signatures */
  override emit<TResult>(pattern: unknown, data: unknown): Observable<TResult> {
    const emitted = new EmittedEvent((error) => this.reportUnhandled(pattern, data, error));
    this.emitThen(pattern, data, undefined, emitted);
    // Nest types the result after the call, but there is only one kind of it.
    return emitted as unknown as Observable<TResult>;
  }

  /** Emits an event; resolves once the server has stored it, else rejects. The fastest way. */
  emitAsync<Subject extends SubjectOf<TEvents>>(
    pattern: Subject,
    data: PayloadOf<TEvents, Subject>,
    options?: StanEmitOptions,
  ): Promise<PublishReceipt> {
    return new Promise((resolve) => {
      this.emitThen(pattern, data, options, new PromisedOutcome(resolve));
    });
  }

  /**
   * Not for an event bus: does not compile here, and where it is called through `ClientProxy` it errors with
   * `MessagePatternUnsupportedError`.
   */
  override send<TResult = never>(pattern: never): Observable<TResult> {
    return throwError(() => new MessagePatternUnsupportedError('send()', patternText(pattern)));
  }

  /**
   * Adds a listener for one kind of event; see {@link StanClientEvents}. A listener that throws is logged.
   * @throws InvalidOptionError (STAN_INVALID_OPTION) for a name that is none of them, since it would never be called
   */
  override on<Type extends keyof StanClientEvents>(type: Type, listener: StanClientEvents[Type]): void {
    assertListener('ClientStan', clientEventNames, type, listener);
    this.hub.on(type, listener);
  }

  /** Removes a listener that `on()` has added. */
  off<Type extends keyof StanClientEvents>(type: Type, listener: StanClientEvents[Type]): void {
    this.hub.off(type, listener);
  }

  /** Events without an outcome, and the bytes that count against `maxPendingPublishBytes`. */
  pending(): { readonly count: number; readonly bytes: number } {
    const ledger = this.connection?.ledger;
    return { count: this.encodings.count + (ledger?.pendingCount ?? 0), bytes: ledger?.pendingBytes ?? 0 };
  }

  /**
   * The node-nats-streaming client of the current session; with `jetstream()` the `NatsConnection`.
   * @throws NotConnectedError (STAN_NOT_CONNECTED) while there is none
   */
  unwrap<T>(): T {
    const native = this.connection?.driver.native();
    if (native === undefined) throw new NotConnectedError('unwrap the client');
    return native as T;
  }

  /** Nest's hook: starts to connect, without holding up the start of the application. */
  onApplicationBootstrap(): void {
    if (this.closing === undefined) this.openConnection();
  }

  /** Nest's hook: closes, after the servers of the application have. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  protected dispatchEvent<T = PublishReceipt>(packet: ReadPacket): Promise<T> {
    return this.emitAsync(packet.pattern as never, packet.data as never) as Promise<T>;
  }

  protected publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    callback({ err: new MessagePatternUnsupportedError('send()', patternText(packet.pattern)), isDisposed: true });
    return () => undefined;
  }

  /** Clears a closed or given-up connection away, so that a new one can be opened. */
  private async resetIfClosed(): Promise<void> {
    const { closing, connection } = this;
    await closing;
    // A close() that has come meanwhile stands.
    if (closing !== undefined && this.closing === closing) this.closing = undefined;
    if (connection?.isOver) await this.discard(connection);
  }

  /** Most events are data alone, and nobody looks: for them nothing is made but their bytes. */
  private emitThen(pattern: unknown, given: unknown, options: StanEmitOptions | undefined, outcome: EmitOutcome): void {
    if (this.observer.isOn()) {
      this.emitObserved(pattern, given, options, outcome);
      return;
    }
    try {
      if (options === undefined && this.onDispatchHook === undefined && !isStanRecord(given)) {
        const subject = this.assertGiven(pattern, given);
        this.dispatch(subject, this.encode(subject, given, undefined), '', outcome);
      } else {
        const { subject, bytes, headerText } = this.prepare(pattern, given, options);
        this.dispatch(subject, bytes, headerText, outcome);
      }
    } catch (error) {
      queueMicrotask(() => outcome.settle(asError(error), undefined));
    }
  }

  private emitObserved(
    pattern: unknown,
    given: unknown,
    options: StanEmitOptions | undefined,
    outcome: EmitOutcome,
  ): void {
    let outgoing: Outgoing;
    try {
      outgoing = this.prepare(pattern, given, options);
    } catch (error) {
      queueMicrotask(() => outcome.settle(asError(error), undefined));
      this.observeRefused(pattern, error);
      return;
    }
    this.sendObserved(outgoing, outcome);
  }

  private prepare(pattern: unknown, given: unknown, givenOptions: StanEmitOptions | undefined): Outgoing {
    const { data, options } = toGivenEvent(given, givenOptions);
    const subject = this.assertGiven(pattern, data);
    const metadata = this.onDispatchHook === undefined ? undefined : this.metadataOf(pattern, data);
    const headers = toOutgoingHeaders(subject, options, metadata);
    const headerText = encodeHeaders(subject, headers);
    // Last: what a serializer promises has to be awaited by somebody.
    return { subject, headers, headerText, bytes: this.encode(subject, data, metadata) };
  }

  /** The subject of an event that may be published. */
  private assertGiven(pattern: unknown, data: unknown): string {
    const subject = assertPattern(pattern);
    refuseWhatIsNoData(data);
    if (this.closing !== undefined) throw new StanClosedError(`publish to "${subject}"`);
    return subject;
  }

  /** A contract checks first; only a schema that works asynchronously makes it wait. */
  private encode(subject: string, data: unknown, metadata: unknown): Buffer | Promise<Buffer> {
    const { contract } = this.options;
    if (contract === undefined) return this.encoder.encode(subject, data, metadata);
    const checked = contract.toWire(subject, data);
    if (!(checked instanceof Promise)) return this.encoder.encode(subject, checked, metadata);
    return checked.then((valid: unknown) => this.encoder.encode(subject, valid, metadata));
  }

  private dispatch(subject: string, bytes: Buffer | Promise<Buffer>, headerText: string, outcome: EmitOutcome): void {
    if (isPromise(bytes) || this.encodings.count > 0) this.publishInTurn(subject, bytes, headerText, outcome);
    else this.openConnection().ledger.publish(subject, bytes, outcome, headerText);
  }

  /** Like {@link dispatch}, for whoever looks: telemetry may add headers before the event goes out. */
  private sendObserved(outgoing: Outgoing, outcome: EmitOutcome): void {
    const { subject, bytes, headers = new Map<string, string>() } = outgoing;
    const ownNames = new Set(headers.keys());
    const about = this.aboutPublish(subject, headers);
    if (isPromise(bytes))
      bytes.then(
        ({ byteLength }) => (about.bytes = byteLength),
        () => undefined,
      );
    else about.bytes = bytes.byteLength;
    const send = (observed: EmitOutcome['settle']): void => {
      this.dispatch(subject, bytes, encodeWithAdded(subject, headers, ownNames), { settle: observed });
    };
    this.observer.observe(about, send, (error, receipt) => outcome.settle(error, receipt));
  }

  /** An event that failed before anything could be sent is seen too. */
  private observeRefused(pattern: unknown, error: unknown): void {
    const about = this.aboutPublish(patternText(pattern), new Map());
    const fail = (done: EmitOutcome['settle']): void => queueMicrotask(() => done(asError(error), undefined));
    this.observer.observe(about, fail, () => undefined);
  }

  private aboutPublish(subject: string, headers: Map<string, string>): PublishAbout {
    const { clientId } = this.options.connection;
    return { subject, clientId, bytes: undefined, headers, ...this.broker, ...this.address };
  }

  /** Its time limit begins now, and it takes room in the buffer, however long its serializer works. */
  private publishInTurn(
    subject: string,
    bytes: Buffer | Promise<Buffer>,
    headerText: string,
    outcome: EmitOutcome,
  ): void {
    // Connects meanwhile; what a contract may still refuse opens no session.
    if (this.options.contract === undefined) this.openConnection();
    const { publishTimeoutMs: timeoutMs, maxPendingPublishBytes } = this.options.publish;
    const pendingBytes = this.encodings.bytes + (this.connection?.ledger.pendingBytes ?? 0);
    const ownBytes = publishOverheadBytes + (isPromise(bytes) ? 0 : bytes.byteLength);
    if (pendingBytes + ownBytes > maxPendingPublishBytes) {
      // Nobody else looks at its rejection.
      if (isPromise(bytes)) bytes.catch(() => undefined);
      queueMicrotask(() => outcome.settle(new PublishBufferFullError(pendingBytes, maxPendingPublishBytes), undefined));
      return;
    }
    const deadline = systemClock.nowMs() + timeoutMs;
    this.encodings.add(bytes, deadline, {
      encoded: (encoded) => this.openConnection().ledger.publish(subject, encoded, outcome, headerText, deadline),
      failed: (error) => outcome.settle(asError(error), undefined),
      aborted: () => outcome.settle(new StanClosedError(`publish to "${subject}"`), undefined),
      expired: () =>
        outcome.settle(new PublishTimeoutError({ subject, timeoutMs, attempts: 0, mayBeStored: false }), undefined),
    });
  }

  private metadataOf(pattern: unknown, data: unknown): unknown {
    const packet: ReadPacket & { readonly metadata?: unknown } = this.createPacket(pattern, data);
    return packet.metadata;
  }

  /** The connection that is in use; a new one at the start, and after one whose first connection could not be made. */
  private openConnection(): ClientConnection {
    const { connection } = this;
    if (connection !== undefined) return connection;
    const opened = new ClientConnection(this.makeDriver(this.options.connection), this.options, (event) =>
      this.emitConnectionEvent(event),
    );
    this.connection = opened;
    // One that close() has taken away tells its own end.
    opened.connected.catch(() => this.connection === opened && void this.discard(opened));
    return opened;
  }

  private async discard(connection: ClientConnection): Promise<void> {
    if (this.connection === connection) this.connection = undefined;
    await connection.discard();
  }

  private async drainAndClose(): Promise<void> {
    const { drainTimeoutMs } = this.options;
    if (!(await isDoneWithin(drainTimeoutMs, this.drain()))) this.warnUndrained(drainTimeoutMs);
    this.encodings.abort();
    const { connection } = this;
    this.connection = undefined;
    if (connection === undefined) this._status$.next('closed');
    else await connection.close();
  }

  private async drain(): Promise<void> {
    // What a serializer still works on becomes a publish.
    await this.encodings.drain();
    await this.connection?.ledger.drain();
  }

  private warnUndrained(timeoutMs: number): void {
    this.logger.warn(new DrainTimeoutError(timeoutMs, 0, this.pending().count).message);
  }

  private emitConnectionEvent(event: DriverEvent): void {
    if (event.type === 'status') this._status$.next(event.status);
    else this.hub.emit(event);
    publishConnectionEvent(event, this.options.connection.clientId);
    logConnectionEvent(this.logger, event, this.options.connection.clientId, this.connection?.driver.describe());
  }

  private reportUnhandled(pattern: unknown, data: unknown, error: Error): void {
    const { message, cause } = error;
    const reasons = isError(cause) ? `${message}; ${describeError(cause).message}` : message;
    const subject = patternText(pattern);
    logLine(this.logger, {
      level: 'error',
      text: `an event for "${subject}" is not known to be stored: ${reasons}`,
      fields: {
        subject,
        clientId: this.options.connection.clientId,
        event: 'publishError',
        code: error instanceof StanError ? error.code : undefined,
      },
    });
    const event: PublishErrorEvent = { type: 'publishError', pattern, data, error };
    this.hub.emit(event);
  }
}

function patternText(pattern: unknown): string {
  return typeof pattern === 'string' ? pattern : describeValue(pattern);
}

function asError(error: unknown): Error {
  return isError(error) ? error : new Error(describeError(error).message, { cause: error });
}
