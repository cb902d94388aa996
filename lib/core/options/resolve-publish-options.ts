import type { OptionPlace } from '../option-rules/option-group.js';
import { defaultsOf, readKnownOptions, refuseUnknownNames } from '../option-rules/option-group.js';
import type { ResolvedPublishOptions } from './publish-options.js';
import { StanPublishOptions } from './publish-options.js';

/**
 * Makes publish options complete: validated, with defaults, frozen. The input is neither changed nor kept.
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 * @internal
 */
export function resolvePublishOptions(input: StanPublishOptions = {}, place: OptionPlace = {}): ResolvedPublishOptions {
  refuseUnknownNames([StanPublishOptions], input, place);
  return resolvePublishPart(input, place);
}

/**
 * Like {@link resolvePublishOptions}, for an object that holds other groups of options too.
 * @internal
 */
export function resolvePublishPart(input: object, place: OptionPlace): ResolvedPublishOptions {
  return Object.freeze({ ...defaultsOf(StanPublishOptions), ...readKnownOptions(StanPublishOptions, input, place) });
}
