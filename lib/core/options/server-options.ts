import { Expect, ExpectDurationMs, ExpectObject, isObject } from '../option-rules/expect.decorator.js';
import type { StanDeserializer, StanSerializer } from './codec-options.js';
import type { ResolvedConnectionOptions } from './connection-options.js';
import { StanConnectionOptions } from './connection-options.js';
import type { ResolvedPublishOptions } from './publish-options.js';
import { StanPublishOptions } from './publish-options.js';
import type { StanEventStore } from '../event-store/event-store.js';
import type { StanPublishContract } from './publish-contract.js';
import type { StanSubscriptionOptions } from './subscription-options.js';
import type { StanTelemetry } from './telemetry-options.js';

/**
 * Limits for shutting down a server or a client.
 * @publicApi
 */
export class StanDrainOptions {
  /**
   * Time for running handlers to finish, acks to be sent and publishes to be flushed when closing. The close request to
   * the server follows and takes milliseconds, or up to twice `connectTimeoutMs` if the server does not answer.
   * Unit: milliseconds, 1 to 2147483647. Keep it above the slowest handler and well below the grace period of whatever
   * stops the process; events not finished by then are redelivered.
   * @defaultValue 10000
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectDurationMs({ min: 1 })
  readonly drainTimeoutMs?: number = 10_000;
}

/**
 * Telemetry of a server or a client.
 * @publicApi
 */
export class StanTelemetryOptions {
  /**
   * Tracing, such as `openTelemetry()` of `nestjs-stan/opentelemetry`. Without it nothing is traced.
   * Limits: an object with the methods `publish` and `handle`.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @Expect(
    'an object with the methods publish() and handle(), such as openTelemetry()',
    (value) => hasMethod(value, 'publish') && hasMethod(value, 'handle'),
  )
  readonly telemetry?: StanTelemetry;
}

/**
 * What `ServerStan` takes besides the options that it shares with `ClientStan`.
 * @internal
 */
export class OwnServerOptions {
  /**
   * Defaults for every handler; a handler's own options override them one by one.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectObject()
  readonly subscription?: StanSubscriptionOptions;
  /**
   * Decodes the bytes of events, sync or async. Default: JSON.
   * Limits: an object with a method `deserialize`. Events on which it throws never reach a handler: see `onUndecodable`.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: Nest microservices 12.1.1 interfaces/deserializer.interface.d.ts.
   */
  @Expect('an object with a method deserialize()', (value) => hasMethod(value, 'deserialize'))
  readonly deserializer?: StanDeserializer;
  /**
   * Accepted so that server and client can share one options object; not used, because events have no replies.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: Nest microservices 12.1.1 interfaces/serializer.interface.d.ts.
   */
  @Expect('an object with a method serialize()', (value) => hasMethod(value, 'serialize'))
  readonly serializer?: StanSerializer;
  /**
   * Records which events have counted, for handlers with `version` or `inbox`. A function is called at start, so that it
   * can get the store from the app.
   * Limits: a `StanEventStore`, or a function that returns one.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @Expect('a StanEventStore, or a function that returns one', isStoreOrFunction)
  readonly store?: StanEventStore | (() => StanEventStore);
}

/**
 * The options of `ServerStan`. The publish options are for its dead letters.
 * @publicApi
 */
export interface StanServerOptions
  extends StanConnectionOptions, StanPublishOptions, StanDrainOptions, StanTelemetryOptions, OwnServerOptions {}

/**
 * The groups that {@link StanServerOptions} consists of.
 * @internal
 */
export const serverOptionGroups = [
  ...[StanConnectionOptions, StanPublishOptions, StanDrainOptions],
  ...[StanTelemetryOptions, OwnServerOptions],
];

/**
 * What `ClientStan` takes besides the options that it shares with `ServerStan`.
 * @internal
 */
export class OwnClientOptions {
  /**
   * Encodes the bytes of events, sync or async. Default: the plain JSON of the data.
   * Limits: an object with a method `serialize`. Every listener of the subject must be able to decode its output.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: Nest microservices 12.1.1 interfaces/serializer.interface.d.ts.
   */
  @Expect('an object with a method serialize()', (value) => hasMethod(value, 'serialize'))
  readonly serializer?: StanSerializer;
  /**
   * What this client may publish: payloads are checked before they are sent, and subjects that are not in it are refused.
   * Limits: a contract made by `defineEvents()`, or some of its subjects by `pick()`.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @Expect('a contract made by defineEvents()', (value) => hasMethod(value, 'toWire'))
  readonly contract?: StanPublishContract;
}

/**
 * The options of `ClientStan`.
 * @publicApi
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- without a contract any event is taken
export interface StanClientOptions<TEvents extends Record<string, any> = any>
  extends StanConnectionOptions, StanPublishOptions, StanDrainOptions, StanTelemetryOptions, OwnClientOptions {
  readonly contract?: StanPublishContract<TEvents>;
}

/**
 * The groups that {@link StanClientOptions} consists of.
 * @internal
 */
export const clientOptionGroups = [
  ...[StanConnectionOptions, StanPublishOptions, StanDrainOptions],
  ...[StanTelemetryOptions, OwnClientOptions],
];

/** @internal */
export interface ResolvedServerOptions {
  readonly connection: ResolvedConnectionOptions;
  readonly publish: ResolvedPublishOptions;
  /** Validated and copied, still without our defaults: a handler's options go between. */
  readonly subscription: StanSubscriptionOptions;
  readonly drainTimeoutMs: number;
  readonly deserializer: StanDeserializer | undefined;
  readonly store: StanEventStore | (() => StanEventStore) | undefined;
  readonly telemetry: StanTelemetry | undefined;
}

/** @internal */
export interface ResolvedClientOptions {
  readonly connection: ResolvedConnectionOptions;
  readonly publish: ResolvedPublishOptions;
  readonly drainTimeoutMs: number;
  readonly serializer: StanSerializer | undefined;
  readonly contract: StanPublishContract | undefined;
  readonly telemetry: StanTelemetry | undefined;
}

type Methods = StanSerializer & StanDeserializer & StanTelemetry & StanPublishContract;

function hasMethod(value: unknown, name: keyof Methods): boolean {
  return isObject(value) && typeof (value as Record<string, unknown>)[name] === 'function';
}

function isStoreOrFunction(value: unknown): boolean {
  return typeof value === 'function' || isEventStore(value);
}

/** @internal */
export function isEventStore(value: unknown): value is StanEventStore {
  return isObject(value) && typeof (value as Partial<StanEventStore>).advance === 'function';
}
