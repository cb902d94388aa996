import { ExpectDurationMs, ExpectWholeNumber } from './expect.decorator.js';
import type { OptionPlace, RulesFor } from './option-group.js';
import { readKnownOptions, refuseUnknownNames } from './option-group.js';
import type { ResolvedPublishOptions, StanPublishOptions } from './publish-options.js';
import { publishDefaults } from './publish-options.js';

/** @internal */
export class PublishRules implements RulesFor<StanPublishOptions> {
  @ExpectWholeNumber({ min: 1 })
  readonly maxPublishInFlight: unknown;

  @ExpectWholeNumber({ min: 1, max: Number.MAX_SAFE_INTEGER })
  readonly maxPendingPublishBytes: unknown;

  @ExpectDurationMs({ min: 1 })
  readonly publishTimeoutMs: unknown;
}

/**
 * Makes publish options complete: validated, with defaults, frozen. The input is neither changed nor kept.
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 * @internal
 */
export function resolvePublishOptions(input: StanPublishOptions = {}, place: OptionPlace = {}): ResolvedPublishOptions {
  refuseUnknownNames([PublishRules], input, place);
  return resolvePublishPart(input, place);
}

/**
 * Like {@link resolvePublishOptions}, for an object that holds other groups of options too.
 * @internal
 */
export function resolvePublishPart(input: object, place: OptionPlace): ResolvedPublishOptions {
  return Object.freeze({ ...publishDefaults, ...readKnownOptions<StanPublishOptions>(PublishRules, input, place) });
}
