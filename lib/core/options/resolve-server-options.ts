import type { StanDeserializer, StanSerializer } from './codec-options.js';
import { ConnectionRules } from './connection-options.rules.js';
import { Expect, ExpectDurationMs, ExpectObject, isObject } from './expect.decorator.js';
import type { RulesFor } from './option-group.js';
import type { StanTelemetry } from './telemetry-options.js';
import { readKnownOptions, refuseUnknownNames } from './option-group.js';
import { resolveConnectionPart } from './resolve-connection-options.js';
import { PublishRules, resolvePublishPart } from './resolve-publish-options.js';
import { readSubscriptionOptions } from './resolve-subscription-options.js';
import type {
  ResolvedClientOptions,
  ResolvedServerOptions,
  StanClientOptions,
  StanDrainOptions,
  StanServerOptions,
} from './server-options.js';
import { drainDefaults } from './server-options.js';

type OwnClientOptions = StanDrainOptions & Pick<StanClientOptions, 'serializer' | 'telemetry'>;
type OwnServerOptions = OwnClientOptions & Pick<StanServerOptions, 'subscription' | 'deserializer'>;

class ClientRules implements RulesFor<OwnClientOptions> {
  @ExpectDurationMs({ min: 1 })
  readonly drainTimeoutMs: unknown;

  @Expect('an object with a method serialize()', (value) => hasMethod(value, 'serialize'))
  readonly serializer: unknown;

  @Expect(
    'an object with the methods publish() and handle(), such as openTelemetry()',
    (value) => hasMethod(value, 'publish') && hasMethod(value, 'handle'),
  )
  readonly telemetry: unknown;
}

class ServerRules extends ClientRules implements RulesFor<OwnServerOptions> {
  @ExpectObject()
  readonly subscription: unknown;

  @Expect('an object with a method deserialize()', (value) => hasMethod(value, 'deserialize'))
  readonly deserializer: unknown;
}

/**
 * Makes the options of `ServerStan` complete: validated, with defaults, frozen. The input is neither changed nor kept,
 * but for the deserializer and what is in `connection`.
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 * @internal
 */
export function resolveServerOptions(input: StanServerOptions): ResolvedServerOptions {
  const place = { owner: 'ServerStan' };
  refuseUnknownNames([ConnectionRules, PublishRules, ServerRules], input, place);
  const own = readKnownOptions<OwnServerOptions>(ServerRules, input, place);
  const { drainTimeoutMs, subscription, deserializer, telemetry } = { ...drainDefaults, ...own };
  return Object.freeze({
    connection: resolveConnectionPart(input, place),
    publish: resolvePublishPart(input, place),
    subscription: readSubscriptionOptions(subscription ?? {}, { ...place, path: 'subscription' }),
    drainTimeoutMs,
    deserializer,
    telemetry,
  });
}

/**
 * Makes the options of `ClientStan` complete: validated, with defaults, frozen. The input is neither changed nor kept,
 * but for the serializer and what is in `connection`.
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 * @internal
 */
export function resolveClientOptions(input: StanClientOptions): ResolvedClientOptions {
  const place = { owner: 'ClientStan' };
  refuseUnknownNames([ConnectionRules, PublishRules, ClientRules], input, place);
  const { drainTimeoutMs, serializer, telemetry } = {
    ...drainDefaults,
    ...readKnownOptions<OwnClientOptions>(ClientRules, input, place),
  };
  return Object.freeze({
    connection: resolveConnectionPart(input, place),
    publish: resolvePublishPart(input, place),
    drainTimeoutMs,
    serializer,
    telemetry,
  });
}

function hasMethod(value: unknown, name: keyof (StanSerializer & StanDeserializer & StanTelemetry)): boolean {
  return isObject(value) && typeof (value as Record<string, unknown>)[name] === 'function';
}
