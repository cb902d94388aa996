import { InvalidOptionError } from '../errors/invalid-option.error.js';
import { refuseMaxBelowInitial } from './delay-range.js';
import type { OptionPlace } from './option-group.js';
import { optionName, readOptionGroup } from './option-group.js';
import { copyStartAt } from './start-at.js';
import { refuseContradictions } from './subscription-contradictions.js';
import type {
  DeadLetterOptions,
  ResolvedRetryOptions,
  ResolvedSubscriptionOptions,
  RetryOptions,
  StanSubscriptionOptions,
} from './subscription-options.js';
import { retryDefaults, subscriptionDefaults } from './subscription-options.js';
import { DeadLetterRules, RetryRules, SubscriptionRules } from './subscription-options.rules.js';

/**
 * Makes the subscription options of one handler complete: the handler's own over the server's defaults over ours;
 * validated, also in what they say together, and frozen. Neither input is changed or kept.
 * @param where - whose options these are, for the error: `Class.method`
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 * @internal
 */
export function resolveSubscriptionOptions(
  handlerOptions: StanSubscriptionOptions | undefined,
  serverDefaults: StanSubscriptionOptions | undefined,
  where?: string,
): ResolvedSubscriptionOptions {
  const place = { owner: where };
  const own = readSubscriptionOptions(handlerOptions ?? {}, place);
  const inherited = readSubscriptionOptions(serverDefaults ?? {}, { path: 'subscription' });
  const merged = { ...subscriptionDefaults, ...inherited, ...own, retry: mergeRetry(inherited.retry, own.retry) };
  const deadLetter = merged.deadLetter === false ? undefined : merged.deadLetter;
  const resolved = Object.freeze({
    queueGroup: merged.queueGroup === false ? undefined : merged.queueGroup,
    durableName: merged.durableName === false ? undefined : merged.durableName,
    startAt: merged.startAt,
    ackMode: merged.ackMode,
    ackWaitMs: merged.ackWaitMs,
    maxInFlight: merged.maxInFlight,
    concurrency: concurrencyOf(own, inherited, merged.maxInFlight, place),
    retry: resolveRetry(merged.retry, place),
    maxDeliveries: merged.maxDeliveries === false ? undefined : merged.maxDeliveries,
    deadLetter,
    onUndecodable: merged.onUndecodable ?? (deadLetter === undefined ? 'leave' : 'deadLetter'),
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
  const { startAt, retry, deadLetter, ...plain } = readOptionGroup<StanSubscriptionOptions>(
    SubscriptionRules,
    input,
    place,
  );
  return Object.freeze({
    ...plain,
    ...(startAt === undefined ? {} : { startAt: copyStartAt(startAt) }),
    ...(retry === undefined ? {} : { retry: readRetry(retry, place) }),
    ...(deadLetter === undefined ? {} : { deadLetter: readDeadLetter(deadLetter, place) }),
  });
}

function readRetry(input: RetryOptions | false, { owner, ...place }: OptionPlace): RetryOptions | false {
  if (input === false) return false;
  return Object.freeze(readOptionGroup<RetryOptions>(RetryRules, input, { owner, path: optionName(place, 'retry') }));
}

function readDeadLetter(input: DeadLetterOptions | false, { owner, ...place }: OptionPlace): DeadLetterOptions | false {
  if (input === false) return false;
  const inner = { owner, path: optionName(place, 'deadLetter') };
  // The rules demand the subject.
  return Object.freeze(readOptionGroup<DeadLetterOptions>(DeadLetterRules, input, inner)) as DeadLetterOptions;
}

function mergeRetry(
  inherited: RetryOptions | false | undefined,
  own: RetryOptions | false | undefined,
): RetryOptions | false {
  if (own === undefined) return inherited ?? subscriptionDefaults.retry;
  if (own === false || inherited === undefined || inherited === false) return own;
  return { ...inherited, ...own };
}

function resolveRetry(merged: RetryOptions | false, place: OptionPlace): ResolvedRetryOptions | undefined {
  if (merged === false) return undefined;
  const resolved = { ...retryDefaults, ...merged };
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
