import type { OptionPlace } from '../option-rules/option-group.js';
import { defaultsOf, optionName, readOptionGroup } from '../option-rules/option-group.js';
import type { ResolvedVersionOptions } from './counting-options.js';
import { InboxOptions, VersionOptions } from './counting-options.js';

/** @internal */
export function readVersion(input: VersionOptions | false, place: OptionPlace): VersionOptions | false {
  if (input === false) return false;
  const inner = { ...place, path: optionName(place, 'version') };
  // The rules demand stream, key and version.
  return Object.freeze(readOptionGroup(VersionOptions, input, inner)) as VersionOptions;
}

/** @internal */
export function readInbox(input: InboxOptions | false, place: OptionPlace): InboxOptions | false {
  if (input === false) return false;
  const inner = { ...place, path: optionName(place, 'inbox') };
  // The rules demand the id.
  return Object.freeze(readOptionGroup(InboxOptions, input, inner)) as InboxOptions;
}

/** @internal */
export function resolveVersion(merged: VersionOptions | false): ResolvedVersionOptions | undefined {
  if (merged === false) return undefined;
  return Object.freeze({ ...defaultsOf(VersionOptions), ...merged });
}
