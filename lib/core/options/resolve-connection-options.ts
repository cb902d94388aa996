import { InvalidOptionError } from '../errors/invalid-option.error.js';
import { clientIdExpected, isLegalClientId } from './client-id.js';
import type { ResolvedConnectionOptions, ResolvedReconnectOptions } from './connection-options.js';
import { clusterIdExpected, ReconnectOptions, StanConnectionOptions } from './connection-options.js';
import { refuseMaxBelowInitial } from './delay-range.js';
import type { DriverOptionNames } from './driver-option-names.js';
import type { OptionPlace } from '../option-rules/option-group.js';
import {
  defaultsOf,
  optionName,
  readKnownOptions,
  readOptionGroup,
  refuseUnknownNames,
} from '../option-rules/option-group.js';
import { placeOfOurs } from './other-places.js';
import { parseServerUrls } from './server-url.js';

/**
 * Makes connection options complete: validated, with defaults, frozen, a `clientId` function called once.
 * The input is neither changed nor kept.
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 * @internal
 */
export function resolveConnectionOptions(
  input: StanConnectionOptions,
  names: DriverOptionNames,
): ResolvedConnectionOptions {
  refuseUnknownNames([StanConnectionOptions], input, {});
  return resolveConnectionPart(input, names, {});
}

/**
 * Like {@link resolveConnectionOptions}, for an object that holds other groups of options too.
 * @internal
 */
export function resolveConnectionPart(
  input: object,
  names: DriverOptionNames,
  place: OptionPlace,
): ResolvedConnectionOptions {
  // The rules demand clientId.
  const given = readKnownOptions(StanConnectionOptions, input, place) as StanConnectionOptions;
  const defaults = defaultsOf<StanConnectionOptions, 'clusterId' | 'clientId' | 'reconnect' | 'connection'>(
    StanConnectionOptions,
  );
  const { reconnect, connection, ...complete } = { ...defaults, ...given };
  return Object.freeze({
    ...complete,
    clusterId: clusterIdOf(given, place),
    clientId: callClientId(given.clientId, place),
    clientIdIsGenerated: typeof given.clientId === 'function',
    servers: parseServerUrls(complete.servers, place),
    reconnect: resolveReconnectOptions(reconnect, place),
    connection: copyClientOptions(connection, names, place),
  });
}

function clusterIdOf({ clusterId, driver }: StanConnectionOptions, { owner, ...place }: OptionPlace): string {
  if (clusterId === undefined && driver === undefined) {
    throw new InvalidOptionError(optionName(place, 'clusterId'), clusterIdExpected, clusterId, { owner });
  }
  return clusterId ?? '';
}

function callClientId(clientId: string | (() => string), { owner, ...place }: OptionPlace): string {
  if (typeof clientId === 'string') return clientId;
  const made: unknown = clientId();
  if (isLegalClientId(made)) return made;
  const expected = `a function that returns ${clientIdExpected}`;
  throw new InvalidOptionError(optionName(place, 'clientId'), expected, made, { owner });
}

function resolveReconnectOptions(input: ReconnectOptions | undefined, place: OptionPlace): ResolvedReconnectOptions {
  const inner = { ...place, path: optionName(place, 'reconnect') };
  const given = readOptionGroup(ReconnectOptions, input ?? {}, inner);
  const resolved = { ...defaultsOf(ReconnectOptions), ...given };
  refuseMaxBelowInitial(given.maxDelayMs, { name: 'initialDelayMs', value: resolved.initialDelayMs }, inner);
  return Object.freeze({ ...resolved, maxDelayMs: Math.max(resolved.maxDelayMs, resolved.initialDelayMs) });
}

function copyClientOptions(
  input: object | undefined,
  names: DriverOptionNames,
  place: OptionPlace,
): Readonly<Record<string, unknown>> {
  const copy: Record<string, unknown> = { ...input };
  for (const name of Object.keys(copy)) {
    const nearest = placeOfOurs(name, names);
    if (nearest === undefined && !names.setByDriver.includes(name)) continue;
    const option = `${optionName(place, 'connection')}.${name}`;
    throw new InvalidOptionError(option, 'nothing, since this package sets it', copy[name], {
      owner: place.owner,
      nearest,
    });
  }
  return Object.freeze(copy);
}
