import { StanError } from '../../core/errors/stan.error.js';
import { Expect, ExpectGiven, ExpectWholeNumber, isObject } from '../../core/option-rules/expect.decorator.js';
import { readOptionGroup } from '../../core/option-rules/option-group.js';

/**
 * How far one subscription is behind, as `StanLag` tells it.
 * @publicApi
 */
export interface HealthLag {
  readonly subject: string;
  readonly total: number;
  readonly lost: number;
}

/**
 * Who can tell the lag of a subscription: a `StanLag`.
 * @publicApi
 */
export interface HealthLagSource {
  of(subject: string, who: Omit<HealthSubscription, 'subject'>): Promise<HealthLag | undefined>;
}

/**
 * A subscription whose lag is looked at.
 * @publicApi
 */
export interface HealthSubscription {
  readonly subject: string;
  readonly queueGroup?: string | undefined;
  readonly durableName?: string | undefined;
  readonly clientId?: string | undefined;
}

/**
 * Whose lag counts for health, and from where on.
 * @publicApi
 */
export class HealthLagOptions {
  /**
   * Who tells the lag.
   * Limits: a `StanLag`, or an object with a method `of`.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   */
  @ExpectGiven('a StanLag')
  @Expect('a StanLag', (value) => isObject(value) && typeof (value as { of?: unknown }).of === 'function')
  declare readonly of: HealthLagSource;
  /**
   * The subscriptions to look at; where left out, those of the `ServerStan`s among the sources.
   * Limits: an array of `{ subject, queueGroup?, durableName?, clientId? }`.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   */
  @Expect('an array of { subject, queueGroup, durableName }', isSubscriptions)
  readonly subscriptions?: readonly HealthSubscription[];
  /**
   * `degraded` from one event above this on, of any of the subscriptions.
   * Unit: events, 0 to 2147483647.
   * @defaultValue undefined
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   */
  @ExpectWholeNumber({ min: 0 })
  readonly degradedAbove?: number;
  /**
   * `down` from one event above this on, of any of the subscriptions. For readiness only, and where something else takes
   * the traffic then.
   * Unit: events, 0 to 2147483647.
   * @defaultValue undefined
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   */
  @ExpectWholeNumber({ min: 0 })
  readonly downAbove?: number;
}

/** @internal */
export type LagRules = Pick<HealthLagOptions, 'of' | 'subscriptions' | 'degradedAbove' | 'downAbove'>;

/**
 * A source that knows its own subscriptions, as `ServerStan` does.
 * @internal
 */
export interface SubscribedSource {
  load(): readonly HealthSubscription[];
  /** Gaps in the versions of entities that stay open; see `ServerStan.openGapCount()`. */
  openGapCount?(): number;
}

/**
 * What a result shows of the lag.
 * @publicApi
 */
export interface LagHealth {
  /** Events that are still to be handled, by subscription; `null` for one that the server does not know. */
  readonly lag?: Readonly<Record<string, number | null>>;
  /** Why the lag is not known. */
  readonly lagError?: string;
}

/**
 * Checks the rules.
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 * @internal
 */
export function lagRules(options: HealthLagOptions): LagRules {
  // What is required has just been proven to be there.
  return readOptionGroup(HealthLagOptions, options, { owner: 'StanHealthIndicator', path: 'lag' }) as LagRules;
}

/**
 * Looks at the lag of all subscriptions. Never rejects: what cannot be known is no reason to take traffic away.
 * @internal
 */
export async function judgeLag(
  { of: source, degradedAbove = Infinity, downAbove = Infinity }: LagRules,
  subscriptions: readonly HealthSubscription[],
): Promise<LagHealth & { readonly status: 'up' | 'degraded' | 'down' }> {
  try {
    const lags = await Promise.all(
      subscriptions.map(async (one) => [nameOf(one), (await source.of(one.subject, one))?.total] as const),
    );
    const known = lags.map(([, total]) => total ?? 0);
    const isKnown = lags.every(([, total]) => total !== undefined);
    const most = Math.max(0, ...known);
    const status = most > downAbove ? 'down' : most > degradedAbove || !isKnown ? 'degraded' : 'up';
    return { status, lag: Object.fromEntries(lags.map(([name, total]) => [name, total ?? null])) };
  } catch (error) {
    const reason = error instanceof StanError ? error.message : 'the lag could not be read';
    return { status: 'degraded', lagError: reason };
  }
}

function nameOf({ subject, queueGroup, durableName, clientId }: HealthSubscription): string {
  const who = queueGroup ?? durableName ?? clientId;
  return who === undefined ? subject : `${subject} (${who})`;
}

function isSubscriptions(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every((one) => isObject(one) && typeof (one as { subject?: unknown }).subject === 'string')
  );
}
