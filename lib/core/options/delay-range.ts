import { InvalidOptionError } from '../errors/invalid-option.error.js';
import type { OptionPlace } from '../option-rules/option-group.js';
import { optionName } from '../option-rules/option-group.js';

/**
 * Refuses a longest delay that was given below the first one.
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 * @internal
 */
export function refuseMaxBelowInitial(
  maxDelayMs: number | undefined,
  initial: { readonly name: string; readonly value: number },
  place: OptionPlace,
): void {
  if (maxDelayMs === undefined || maxDelayMs >= initial.value) return;
  const expected = `at least ${initial.name} (${initial.value})`;
  throw new InvalidOptionError(optionName(place, 'maxDelayMs'), expected, maxDelayMs, { owner: place.owner });
}
