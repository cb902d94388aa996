import { InvalidOptionError } from '../errors/invalid-option.error.js';
import { refuseMaxBelowInitial } from './delay-range.js';
import type { OptionPlace } from '../option-rules/option-group.js';
import { defaultsOf, optionName, readOptionGroup } from '../option-rules/option-group.js';
import type { ResolvedSwitches } from '../option-rules/resolved.js';
import { readInbox, readVersion, resolveVersion } from './resolve-counting-options.js';
import { copyStartAt } from './start-at.js';
import { refuseContradictions } from './subscription-contradictions.js';
import type { ResolvedRetryOptions, ResolvedSubscriptionOptions } from './subscription-options.js';
import { DeadLetterOptions, RetryOptions, StanSubscriptionOptions } from './subscription-options.js';

/** Options whose default follows from another one. */
type Computed = 'concurrency' | 'onUndecodable';

/**
 * Makes the subscription options of one handler complete: the handler's own over the server's defaults over ours;
 * validated, also in what they say together, and frozen. Neither input is changed or kept.
 * @param place - whose options these are, for the error: `Class.method`
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 * @internal
 */
export function resolveSubscriptionOptions(
  handlerOptions: StanSubscriptionOptions | undefined,
  serverDefaults: StanSubscriptionOptions | undefined,
  place: OptionPlace = {},
): ResolvedSubscriptionOptions {
  const own = readSubscriptionOptions(handlerOptions ?? {}, place);
  const inherited = readSubscriptionOptions(serverDefaults ?? {}, { path: 'subscription' });
  const merged = { ...defaultsOf<StanSubscriptionOptions, Computed>(StanSubscriptionOptions), ...inherited, ...own };
  const switches = undefinedWhereOff(merged);
  const resolved = Object.freeze({
    ...switches,
    concurrency: concurrencyOf(own, inherited, merged.maxInFlight, place),
    retry: resolveRetry(mergeRetry(inherited.retry, own.retry) ?? merged.retry, place),
    version: resolveVersion(merged.version),
    onUndecodable: merged.onUndecodable ?? (switches.deadLetter === undefined ? 'leave' : 'deadLetter'),
  });
  refuseContradictions(resolved, place);
  return resolved;
}

/**
 * Validates subscription options one by one and copies them, without defaults, so that they can be laid over each other.
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 * @internal
 */
export function readSubscriptionOptions(input: unknown, place: OptionPlace): StanSubscriptionOptions {
  const { startAt, retry, deadLetter, version, inbox, ...plain } = readOptionGroup(
    StanSubscriptionOptions,
    input,
    place,
  );
  return Object.freeze({
    ...plain,
    ...(startAt === undefined ? {} : { startAt: copyStartAt(startAt) }),
    ...(retry === undefined ? {} : { retry: readRetry(retry, place) }),
    ...(deadLetter === undefined ? {} : { deadLetter: readDeadLetter(deadLetter, place) }),
    ...(version === undefined ? {} : { version: readVersion(version, place) }),
    ...(inbox === undefined ? {} : { inbox: readInbox(inbox, place) }),
  });
}

function readRetry(input: RetryOptions | false, place: OptionPlace): RetryOptions | false {
  if (input === false) return false;
  return Object.freeze(readOptionGroup(RetryOptions, input, { ...place, path: optionName(place, 'retry') }));
}

function readDeadLetter(input: DeadLetterOptions | false, place: OptionPlace): DeadLetterOptions | false {
  if (input === false) return false;
  const inner = { ...place, path: optionName(place, 'deadLetter') };
  // The rules demand the subject.
  return Object.freeze(readOptionGroup(DeadLetterOptions, input, inner)) as DeadLetterOptions;
}

/** A handler's `retry` goes over the server's option by option; `undefined` where neither has one. */
function mergeRetry(
  inherited: RetryOptions | false | undefined,
  own: RetryOptions | false | undefined,
): RetryOptions | false | undefined {
  if (own === undefined) return inherited;
  if (own === false || inherited === undefined || inherited === false) return own;
  return { ...inherited, ...own };
}

function undefinedWhereOff<Options extends object>(options: Options): ResolvedSwitches<Options> {
  const entries = Object.entries(options).map(([name, value]) => [name, value === false ? undefined : value] as const);
  return Object.fromEntries(entries) as ResolvedSwitches<Options>;
}

function resolveRetry(merged: RetryOptions | false, place: OptionPlace): ResolvedRetryOptions | undefined {
  if (merged === false) return undefined;
  const resolved = { ...defaultsOf(RetryOptions), ...merged };
  refuseMaxBelowInitial(merged.maxDelayMs, { name: 'delayMs', value: resolved.delayMs }, { ...place, path: 'retry' });
  return Object.freeze({ ...resolved, maxDelayMs: Math.max(resolved.maxDelayMs, resolved.delayMs) });
}

/** An inherited concurrency gives way to the handler's own, smaller maxInFlight; any other that is too large is refused. */
function concurrencyOf(
  own: StanSubscriptionOptions,
  inherited: StanSubscriptionOptions,
  maxInFlight: number,
  { owner }: OptionPlace,
): number {
  const concurrency = own.concurrency ?? inherited.concurrency ?? maxInFlight;
  if (concurrency <= maxInFlight) return concurrency;
  if (own.concurrency === undefined && own.maxInFlight !== undefined) return maxInFlight;
  const expected = `at most maxInFlight (${String(maxInFlight)})`;
  throw new InvalidOptionError('concurrency', expected, concurrency, { owner });
}
