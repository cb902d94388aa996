import { BrokerOptionError } from '../errors/broker-option.error.js';

/**
 * A span of time: milliseconds, or a number with a unit such as `'250ms'`, `'31s'`, `'5m'`, `'2h'`.
 * @publicApi
 */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h'}`;

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * The milliseconds of a {@link Duration}.
 * @throws BrokerOptionError (STAN_INVALID_OPTION) for anything else, negative values included.
 * @internal
 */
export function durationToMs(duration: Duration): number {
  if (typeof duration === 'number') {
    if (Number.isFinite(duration) && duration >= 0) return duration;
    throw new BrokerOptionError('duration', duration, 'a finite number of milliseconds, 0 or more');
  }
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(duration) ?? [];
  const factor = unit === undefined ? undefined : unitMs[unit];
  if (amount === undefined || factor === undefined) {
    throw new BrokerOptionError('duration', duration, "milliseconds or a string such as '250ms', '31s', '5m', '2h'");
  }
  return Number(amount) * factor;
}
