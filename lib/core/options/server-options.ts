import { Expect, ExpectDurationMs, ExpectObject, isObject } from '../option-rules/expect.decorator.js';
import type { StanDeserializer, StanSerializer } from './codec-options.js';
import type { ResolvedConnectionOptions } from './connection-options.js';
import { StanConnectionOptions } from './connection-options.js';
import type { ResolvedPublishOptions } from './publish-options.js';
import { StanPublishOptions } from './publish-options.js';
import type { StanEventStore } from '../inbox/event-store.js';
import type { StanPublishContract } from './publish-contract.js';
import type { StanSubscriptionOptions } from './subscription-options.js';
import type { StanTelemetry } from './telemetry-options.js';

/**
 * What bounds a stop, of server and client alike.
 * @publicApi
 */
export class StanDrainOptions {
  /**
   * Time in which a stop lets running handlers finish, sends acks and flushes publishes. The goodbye to the server comes
   * after it, and takes milliseconds; where the server does not answer, up to twice `connectTimeoutMs` more.
   * Unit: milliseconds, 1 to 2147483647. Keep it above the slowest handler and well below the grace period of whatever
   * stops the process; what has not finished by then is delivered again.
   * @defaultValue 10000
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectDurationMs({ min: 1 })
  readonly drainTimeoutMs?: number = 10_000;
}

/**
 * How a server and a client are seen from outside.
 * @publicApi
 */
export class StanTelemetryOptions {
  /**
   * Tracing, such as `openTelemetry()` of `nestjs-stan/opentelemetry`; nothing is traced where left out.
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
   * Defaults for every handler; a handler's own options go over them one by one.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectObject()
  readonly subscription?: StanSubscriptionOptions;
  /**
   * Reads the bytes of events, sync or async; JSON where left out.
   * Limits: an object with a method `deserialize`. What it throws on never reaches a handler: see `onUndecodable`.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: @nestjs/microservices 12.1.1 interfaces/deserializer.interface.d.ts.
   */
  @Expect('an object with a method deserialize()', (value) => hasMethod(value, 'deserialize'))
  readonly deserializer?: StanDeserializer;
  /**
   * Taken so that one options object can serve server and client; an event bus sends no replies, so it is not used here.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: @nestjs/microservices 12.1.1 interfaces/serializer.interface.d.ts.
   */
  @Expect('an object with a method serialize()', (value) => hasMethod(value, 'serialize'))
  readonly serializer?: StanSerializer;
  /**
   * Where it is recorded which events have counted, for handlers with `version` or `inbox`; a function is called at start,
   * so that it can ask the app for it.
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
   * Writes the bytes of events, sync or async; JSON of the data alone where left out.
   * Limits: an object with a method `serialize`. Whatever reads the subject has to read what it writes.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: @nestjs/microservices 12.1.1 interfaces/serializer.interface.d.ts.
   */
  @Expect('an object with a method serialize()', (value) => hasMethod(value, 'serialize'))
  readonly serializer?: StanSerializer;
  /**
   * What this client may publish: payloads are checked before they are sent, and a subject that is not in it is refused.
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
