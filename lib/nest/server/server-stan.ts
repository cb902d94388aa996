import { Server } from '@nestjs/microservices';
import type { CustomTransportStrategy, MessageHandler } from '@nestjs/microservices';

import type { DeadLetter } from '../../core/dead-letters/dead-letter.js';
import { letterOfFailedReplay, originalMessage } from '../../core/dead-letters/replay.js';
import { systemClock } from '../../core/clock.js';
import type { DeliveryEvent } from '../../core/delivery/delivery-event.js';
import type { DeliveryPipelineSetup } from '../../core/delivery/delivery-pipeline-setup.js';
import { DeliveryPipeline } from '../../core/delivery/delivery-pipeline.js';
import { chosenDriver } from '../../core/driver/driver-choice.js';
import type { DriverEvent, StanStatus } from '../../core/driver/driver-event.js';
import type { BrokerNames, Driver } from '../../core/driver/driver.js';
import { Counting } from '../../core/inbox/counting.js';
import type { CountedHandler, Gate } from '../../core/inbox/counted-handler.js';
import type { CountingEvent } from '../../core/inbox/counting-event.js';
import type { ParkedStream, StanEventStore } from '../../core/event-store/event-store.js';
import { ignoreRejection } from '../../core/errors/describe-value.js';
import { NotConnectedError } from '../../core/errors/not-connected.error.js';
import { StanClosedError } from '../../core/errors/stan-closed.error.js';
import { resolveServerOptions } from '../../core/options/index.js';
import type {
  HandleAbout,
  ResolvedConnectionOptions,
  ResolvedServerOptions,
  StanServerOptions,
} from '../../core/options/index.js';
import {
  GuardedTelemetry,
  HandleObserver,
  isDeliveryObserved,
  serverAddressOf,
  publishConnectionEvent,
  publishDeliveryEvent,
  traceIdIn,
} from '../../core/observe/index.js';
import type { ServerAddress } from '../../core/observe/index.js';
import { decoderOf, isPromise } from '../../core/wire/index.js';
import type { Decoder } from '../../core/wire/index.js';
import { StanDriver } from '../../drivers/stan/stan-driver.js';
import { stanOptionNames } from '../../drivers/stan/stan-option-names.js';
import { brokerNamesOf } from '../broker-names.js';
import { StanContext } from '../context/stan.context.js';
import type { ContextDelivery } from '../context/stan.context.js';
import { logConnectionEvent } from '../events/connection-log.js';
import { EventHub } from '../events/event-hub.js';
import { assertListener } from '../events/event-names.js';
import { serverEventNames } from '../events/stan-events.js';
import { SafeLogger } from '../events/safe-logger.js';
import type { StanServerEvents } from '../events/stan-events.js';
import { exceptionClassifier } from '../exceptions/exception-classifier.js';
import { STAN_TRANSPORT } from '../stan-transport.js';
import { untilComplete } from './until-complete.js';
import type { DeadLetterOutbox } from '../../core/dead-letters/dead-letter-outbox.js';
import { countedHandlersOf, storeOf } from './counted-handlers.js';
import { logCountingEvent } from './counting-log.js';
import { logDeliveryEvent } from './delivery-log.js';
import { directCallOf } from './direct-call.js';
import { HandlerRegistry } from './handler-registry.js';
import { watchRegistration, witnessKey } from './nest-registration.js';
import type { HandlerOwner, RegistrationListener } from './nest-registration.js';
import { logHandlerWarnings } from './handler-warnings.js';
import type { IgnoredMethod } from './ignored-methods.js';
import { passFailuresThrough } from '../exceptions/pass-failures-through.js';
import { toSubscribableHandlers } from './registered-handler.js';
import type { SubscribableHandler } from './registered-handler.js';
import { decodeFor } from './decode-for.js';
import { ReplayInbox, toReplayGroups } from './replay-inbox.js';
import type { Replayed } from './replay-inbox.js';
import { ServerConnection } from './server-connection.js';
import type { HandlerLoad } from './server-connection.js';

/** Makes the driver of a server; for tests, and for drivers to come. */
export type DriverFactory = (options: ResolvedConnectionOptions) => Driver;

type PipelineBasics = Pick<
  DeliveryPipelineSetup,
  'clientId' | 'classifier' | 'emit' | 'clock' | 'hasListeners' | 'traceIdOf'
>;

/** Whose runs they are, and who is shown them: the same for all deliveries of a subscription. */
interface Runner {
  readonly handler: SubscribableHandler;
  readonly observer: HandleObserver;
}

/** The gates of the handlers that have one. */
type Gates = ReadonlyMap<SubscribableHandler, Gate>;

/**
 * The Nest transport that listens: one STAN subscription per `@EventPattern` handler, each event acked when its handler
 * has finished. Given to Nest as `strategy`.
 * @throws InvalidOptionError (STAN_INVALID_OPTION) from the constructor, naming the option
 * @publicApi
 */
export class ServerStan extends Server<StanServerEvents, StanStatus> implements CustomTransportStrategy {
  /** An app with several servers gives each an id of its own by `setTransportId()`, before they listen. */
  override transportId: symbol = STAN_TRANSPORT;
  /** Failures come back to this transport, which logs them and tells `on('handlerError')`; Nest must not do it as well. */
  override readonly propagatesEventHandlerErrors = true;
  protected override readonly logger = new SafeLogger(ServerStan.name);
  private readonly options: ResolvedServerOptions;
  private readonly decoder: Decoder;
  private readonly hub: EventHub;
  private readonly registry = new HandlerRegistry();
  private owner: HandlerOwner | undefined;
  private findIgnoredMethods: (transportId: unknown) => readonly IgnoredMethod[] = () => [];
  private readonly telemetry: GuardedTelemetry | undefined;
  private readonly address: ServerAddress;
  private readonly broker: BrokerNames;
  private readonly nestStartHook = this.onProcessingStartHook;
  private connection: ServerConnection | undefined;
  private closing: Promise<void> | undefined;
  private hasListened = false;

  constructor(
    options: StanServerOptions,
    private readonly makeDriver: DriverFactory = (connection) => chosenDriver(connection) ?? new StanDriver(connection),
  ) {
    super();
    this.options = resolveServerOptions(options, stanOptionNames);
    this.decoder = decoderOf(this.options.deserializer);
    this.hub = new EventHub((error) => this.logger.failed('a listener of on()', error));
    const { telemetry, connection } = this.options;
    this.address = serverAddressOf(connection.servers);
    this.broker = brokerNamesOf(connection);
    this.telemetry =
      telemetry === undefined
        ? undefined
        : new GuardedTelemetry(telemetry, (error) => this.logger.failed('the telemetry', error));
    passFailuresThrough();
    watchRegistration();
  }

  /**
   * Nest's way to start: connects, waiting for an absent broker until `reconnect.firstConnectTimeoutMs`, and subscribes
   * every handler. Calls back with a `StanError` where that fails; nothing stays open then.
   */
  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      await this.start();
    } catch (error) {
      await this.close();
      callback(error);
      return;
    }
    callback();
  }

  /**
   * Stops in order: starts nothing new, lets running handlers finish and ack, closes the subscriptions (durables stay),
   * then the session. Handlers have `drainTimeoutMs`; a server that does not answer is waited for no longer than twice
   * `connectTimeoutMs` after that. Idempotent, callable at any time; never rejects.
   */
  close(): Promise<void> {
    this.closing ??= this.drainAndClose();
    return this.closing;
  }

  /**
   * Adds a listener for one kind of event; see `StanServerEvents`. A listener that throws is logged.
   * @throws InvalidOptionError (STAN_INVALID_OPTION) for a name that is none of them, since it would never be called
   */
  on<Type extends keyof StanServerEvents>(type: Type, listener: StanServerEvents[Type]): void {
    assertListener('ServerStan', serverEventNames, type, listener);
    this.hub.on(type, listener);
  }

  /** Removes a listener that `on()` has added. */
  off<Type extends keyof StanServerEvents>(type: Type, listener: StanServerEvents[Type]): void {
    this.hub.off(type, listener);
  }

  /** What each subscription has to do now, replays included; empty before `listen()` and after `close()`. */
  load(): readonly HandlerLoad[] {
    return this.connection?.load() ?? [];
  }

  /** Gaps in the versions of entities that stay open, so that later events wait in the event store; 0 without one. */
  openGapCount(): number {
    return this.connection?.counting?.openGapCount ?? 0;
  }

  /**
   * The events of this server's services that are parked in the event store, by stream; none without one. Asks the store;
   * rejects with what the store rejects with.
   */
  async parkedByStream(): Promise<readonly ParkedStream[]> {
    return (await this.connection?.counting?.parkedByStream()) ?? [];
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

  /** Nest links the handlers of one pattern and runs them as one; here each has its own subscription and its own ack. */
  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    callback.isEventHandler = isEventHandler;
    callback.extras = extras;
    this.registry.add({ pattern, callback, isEventHandler, extras, owner: this.owner }, this.transportId);
    // For whoever asks Nest which patterns there are; nothing is called through it. Others are refused at the start.
    if (typeof pattern === 'string' && !this.messageHandlers.has(pattern)) this.messageHandlers.set(pattern, callback);
  }

  /** Told by Nest's registration, see {@link watchRegistration}. @internal */
  get [witnessKey](): RegistrationListener {
    return {
      registering: (owner) => (this.owner = owner),
      surveyed: (findIgnoredMethods) => (this.findIgnoredMethods = findIgnoredMethods),
    };
  }

  private async start(): Promise<void> {
    const handlers = toSubscribableHandlers(this.registry.handlers, this.options);
    const counted = countedHandlersOf(handlers);
    const store = storeOf(this.options, counted);
    logHandlerWarnings(this.logger, handlers, this.findIgnoredMethods(this.transportId));
    await this.reopen();
    const { clientId } = this.options.connection;
    const connection = new ServerConnection(this.makeDriver(this.options.connection), this.options, (event) =>
      this.emitConnectionEvent(event),
    );
    this.connection = connection;
    await store?.prepare();
    await connection.driver.connect();
    const gates = store === undefined ? noGates : this.openGates(store, counted, connection);
    this.logger.log(`connected as "${clientId}", subscribing ${handlersText(handlers.length)}`);
    const replays = toReplayGroups(handlers).map((group) => new ReplayInbox(group, this.decoder));
    await Promise.all([
      ...handlers.map((handler) =>
        connection.subscribe(handler, this.handlerPipeline(handler, connection.outbox, gates)),
      ),
      ...replays.map((inbox) => connection.subscribe(inbox, this.replayPipeline(inbox, connection.outbox, gates))),
    ]);
    connection.startCounting();
    this.logger.log(`listening as "${clientId}" with ${handlersText(handlers.length)}`);
  }

  /**
   * A server that was closed can listen again, over a new connection. Closed before it ever listened, it was an app that
   * was closed while it started: that start must end.
   */
  private async reopen(): Promise<void> {
    const { closing } = this;
    if (closing !== undefined && !this.hasListened) throw new StanClosedError('listen');
    this.hasListened = true;
    await closing;
    // A close() that has come meanwhile stands.
    if (closing !== this.closing) throw new StanClosedError('listen');
    this.closing = undefined;
  }

  private pipelineBasics(observer: HandleObserver): PipelineBasics {
    return {
      clientId: this.options.connection.clientId,
      classifier: exceptionClassifier,
      emit: (event) => {
        observer.hear(event);
        this.emitDeliveryEvent(event);
      },
      hasListeners: () => observer.wantsOutcomes || this.hub.has('handled') || isDeliveryObserved(),
      traceIdOf: ({ sequence, headerText }) => observer.traceIdOf(sequence) ?? traceIdIn(headerText),
      clock: systemClock,
    };
  }

  private openGates(
    store: StanEventStore,
    handlers: readonly SubscribableHandler[],
    connection: ServerConnection,
  ): Gates {
    const counted = new Map(handlers.map((handler) => [handler, this.toCounted(handler)]));
    const setup = {
      store,
      clientId: this.options.connection.clientId,
      clock: systemClock,
      classifier: exceptionClassifier,
      emit: (event: DeliveryEvent | CountingEvent) => this.emitCountingEvent(event),
      storeDeadLetter: (subject: string, deadLetter: DeadLetter) => connection.outbox.store(subject, deadLetter),
    };
    const counting = new Counting(setup, [...counted.values()], (error) =>
      this.logger.error('looking for parked events failed; it is tried again', error),
    );
    connection.counting = counting;
    return new Map([...counted].map(([handler, itself]) => [handler, counting.gateOf(itself)]));
  }

  private toCounted(handler: SubscribableHandler): CountedHandler {
    const { name, service, subject, options } = handler;
    const observer = new HandleObserver(this.telemetry);
    const runner: Runner = { handler, observer };
    return {
      ...{ name, service, subject, options },
      decode: decodeFor(handler, this.decoder),
      run: async (data, delivery, transaction) => {
        const { sequence } = delivery.message;
        try {
          await this.handle(runner, sequence, data, delivery, transaction);
          observer.end(sequence, 'acked');
        } catch (error) {
          observer.end(sequence, 'redelivery');
          throw error;
        }
      },
    };
  }

  private handlerPipeline(handler: SubscribableHandler, outbox: DeadLetterOutbox, gates: Gates): DeliveryPipeline {
    const { name, service, options } = handler;
    const observer = new HandleObserver(this.telemetry);
    const runner: Runner = { handler, observer };
    return new DeliveryPipeline({
      ...{ ...this.pipelineBasics(observer), options, service, handlerName: name },
      decode: decodeFor(handler, this.decoder),
      handle:
        gates.get(handler) ?? ((data, delivery) => this.handle(runner, delivery.message.sequence, data, delivery)),
      storeDeadLetter: (subject, deadLetter) => outbox.store(subject, deadLetter),
    });
  }

  private replayPipeline(inbox: ReplayInbox, outbox: DeadLetterOutbox, gates: Gates): DeliveryPipeline {
    const { options, name, service } = inbox;
    const observer = new HandleObserver(this.telemetry);
    return new DeliveryPipeline({
      ...{ ...this.pipelineBasics(observer), options, service, handlerName: name },
      decode: (message) => inbox.decode(message),
      handle: async (decoded, delivery) => {
        // What the inbox decodes is what comes back here.
        const replayed = decoded as Replayed;
        if (!inbox.isOurs(replayed)) return undefined;
        const handler = inbox.handlerOf(replayed);
        const original = {
          message: originalMessage(replayed.letter, delivery.message),
          headers: replayed.headers,
          ack: () => delivery.ack(),
          isSettled: () => delivery.isSettled(),
        };
        const gate = gates.get(handler);
        if (gate !== undefined) return gate(replayed.data, original);
        return this.handle({ handler, observer }, delivery.message.sequence, replayed.data, original);
      },
      storeDeadLetter: (target, deadLetter) => outbox.store(target, letterOfFailedReplay(deadLetter)),
    });
  }

  /**
   * Runs one handler to its end, between Nest's processing hooks where somebody has set them; `undefined` where that is
   * reached already. `sequence` is the one by
   * which the pipeline knows the delivery; `transaction` what its event counts in, where the handler has a gate.
   */
  private handle(
    { handler, observer }: Runner,
    sequence: number,
    data: unknown,
    delivery: ContextDelivery,
    transaction?: unknown,
  ): Promise<void> | undefined {
    const context = new StanContext(delivery, transaction);
    // Without a closure where nobody looks.
    if (!observer.isOn()) return this.runHandler(handler.callback, data, context);
    const run = (): Promise<void> => this.runHandler(handler.callback, data, context) ?? Promise.resolve();
    return observer.observe(sequence, this.aboutRun(handler, delivery, context), run);
  }

  private aboutRun(
    { name, options }: SubscribableHandler,
    { message }: ContextDelivery,
    context: StanContext,
  ): HandleAbout {
    return {
      subject: message.subject,
      sequence: message.sequence,
      timestamp: context.getTimestamp(),
      handler: name,
      queueGroup: options.queueGroup,
      durableName: options.durableName,
      clientId: this.options.connection.clientId,
      deliveries: message.redeliveryCount + 1,
      bytes: message.data.byteLength,
      headers: context.getHeaders(),
      ...this.broker,
      ...this.address,
    };
  }

  private runHandler(callback: MessageHandler, data: unknown, context: StanContext): Promise<void> | undefined {
    const isHooked = this.onProcessingStartHook !== this.nestStartHook || this.endHook() !== undefined;
    return isHooked ? this.runBetweenHooks(callback, data, context) : this.run(callback, data, context);
  }

  /**
   * Settles as the handler does, and never throws; `undefined` where there is nothing to wait for. Nest's handlers return
   * a promise: they need no async function around.
   */
  private run(callback: MessageHandler, data: unknown, context: StanContext): Promise<void> | undefined {
    try {
      const direct = directCallOf(callback);
      const returned: unknown = direct === undefined ? callback(data, context) : direct(data, context);
      if (returned === undefined) return undefined;
      // A subclass makes what its own `then` returns: an await takes it as it comes.
      const isPlain = returned instanceof Promise && returned.constructor === Promise;
      return isPlain ? returned.then(untilComplete) : this.untilEnd(returned);
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what the handler throws is handed on as it is
      return Promise.reject(error);
    }
  }

  /** For whatever else a function has returned. */
  private async untilEnd(returned: unknown): Promise<void> {
    await untilComplete(await returned);
  }

  /**
   * The run is the event's fate, whatever the hooks do: it happens once, also where a start hook fails before it has
   * called `done`. A start hook may call `done` whenever it likes and need not return what it gave.
   */
  private runBetweenHooks(callback: MessageHandler, data: unknown, context: StanContext): Promise<void> {
    return new Promise((resolve, reject) => {
      let outcome: Promise<void> | undefined;
      const done = (): Promise<void> => {
        if (outcome !== undefined) return outcome;
        const run = (this.run(callback, data, context) ?? Promise.resolve()).finally(() => {
          this.callHook('end', () => this.endHook()?.(this.transportId, context));
        });
        run.then(resolve, reject);
        // A failure is the event's affair: as with Nest's own transports, a hook that looks away from it harms nobody.
        outcome = run.catch(() => undefined);
        return outcome;
      };
      const startHook: (...values: Parameters<typeof this.onProcessingStartHook>) => unknown =
        this.onProcessingStartHook;
      const onFailure = (error: unknown): void => {
        ignoreRejection(error);
        this.logger.failed('the processing start hook', error);
        void done();
      };
      this.callHook('start', () => startHook(this.transportId, context, done), onFailure);
    });
  }

  private callHook(
    name: 'start' | 'end',
    hook: () => unknown,
    onFailure = (error: unknown): void => this.logger.failed(`the processing ${name} hook`, error),
  ): void {
    try {
      // Typed as void, yet an async hook returns a promise.
      const returned = hook();
      if (isPromise(returned)) returned.then(undefined, onFailure);
    } catch (error) {
      onFailure(error);
    }
  }

  /** Typed as always there; Nest sets it only where an app asks for it. */
  private endHook(): typeof this.onProcessingEndHook | undefined {
    return this.onProcessingEndHook;
  }

  private emitConnectionEvent(event: DriverEvent): void {
    if (event.type === 'status') this._status$.next(event.status);
    else this.hub.emit(event);
    publishConnectionEvent(event, this.options.connection.clientId);
    logConnectionEvent(this.logger, event, this.options.connection.clientId, this.connection?.driver.describe());
  }

  private emitDeliveryEvent(event: DeliveryEvent): void {
    logDeliveryEvent(this.logger, event);
    this.hub.emit(event);
    publishDeliveryEvent(event, this.options.connection.clientId);
  }

  private emitCountingEvent(event: DeliveryEvent | CountingEvent): void {
    if (event.type !== 'parked' && event.type !== 'unparked' && event.type !== 'gapOpen') {
      this.emitDeliveryEvent(event);
      return;
    }
    logCountingEvent(this.logger, event);
    this.hub.emit(event);
    publishDeliveryEvent(event, this.options.connection.clientId);
  }

  private async drainAndClose(): Promise<void> {
    const { connection } = this;
    this.connection = undefined;
    if (connection === undefined) this._status$.next('closed');
    if (connection !== undefined) this.logWait(connection);
    const problem = await connection?.close();
    if (problem !== undefined) this.logger.warn(problem.message);
  }

  /** A stop that takes seconds says what it waits for. */
  private logWait(connection: ServerConnection): void {
    const { runningHandlers, publishes } = connection.pending();
    if (runningHandlers === 0 && publishes === 0) return;
    this.logger.log(
      `stopping: waiting up to ${String(this.options.drainTimeoutMs)} ms for ${handlersText(runningHandlers, 'running ')} ` +
        `and ${String(publishes)} dead letters in flight`,
    );
  }
}

const noGates: Gates = new Map();

function handlersText(count: number, state = ''): string {
  return count === 1 ? `1 ${state}handler` : `${String(count)} ${state}handlers`;
}
