import type { OptionPlace } from '../option-rules/option-group.js';
import { defaultsOf, readKnownOptions, refuseUnknownNames } from '../option-rules/option-group.js';
import type { DriverOptionNames } from './driver-option-names.js';
import { placeOf } from './other-places.js';
import { resolveConnectionPart } from './resolve-connection-options.js';
import { resolvePublishPart } from './resolve-publish-options.js';
import { readSubscriptionOptions } from './resolve-subscription-options.js';
import type {
  ResolvedClientOptions,
  ResolvedServerOptions,
  StanClientOptions,
  StanServerOptions,
} from './server-options.js';
import {
  clientOptionGroups,
  OwnClientOptions,
  OwnServerOptions,
  serverOptionGroups,
  StanDrainOptions,
  StanTelemetryOptions,
} from './server-options.js';

/**
 * Makes the options of `ServerStan` complete: validated, with defaults, frozen. The input is neither changed nor kept,
 * but for the deserializer and what is in `connection`.
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 * @internal
 */
export function resolveServerOptions(input: StanServerOptions, names: DriverOptionNames): ResolvedServerOptions {
  const place = placeOf('server', 'ServerStan', names);
  refuseUnknownNames(serverOptionGroups, input, place);
  const { subscription = {}, deserializer, store } = readKnownOptions(OwnServerOptions, input, place);
  return Object.freeze({
    ...resolveSharedParts(input, names, place),
    subscription: readSubscriptionOptions(subscription, { ...place, path: 'subscription' }),
    deserializer,
    store,
  });
}

/**
 * Makes the options of `ClientStan` complete: validated, with defaults, frozen. The input is neither changed nor kept,
 * but for the serializer and what is in `connection`.
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 * @internal
 */
export function resolveClientOptions(input: StanClientOptions, names: DriverOptionNames): ResolvedClientOptions {
  const place = placeOf('client', 'ClientStan', names);
  refuseUnknownNames(clientOptionGroups, input, place);
  const { serializer, contract } = readKnownOptions(OwnClientOptions, input, place);
  return Object.freeze({ ...resolveSharedParts(input, names, place), serializer, contract });
}

function resolveSharedParts(input: object, names: DriverOptionNames, place: OptionPlace) {
  return {
    connection: resolveConnectionPart(input, names, place),
    publish: resolvePublishPart(input, place),
    ...defaultsOf(StanDrainOptions),
    ...readKnownOptions(StanDrainOptions, input, place),
    telemetry: readKnownOptions(StanTelemetryOptions, input, place).telemetry,
  };
}
