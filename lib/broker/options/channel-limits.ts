import { namesOf, readOptionGroup } from '../../core/option-rules/option-group.js';
import { BrokerOptionError } from '../errors/broker-option.error.js';
import { BrokerLimits, brokerLimitsDefaults, ChannelLimits } from './broker-limits.js';
import { brokerOptionPlace } from '../errors/broker-option-place.js';
import { isChannelPattern } from './channel-name.js';

/** Limits of one channel, complete; 0 means unlimited. @internal */
export type ResolvedChannelLimits = Readonly<Required<ChannelLimits>>;

const limitNames = namesOf(ChannelLimits) as readonly (keyof ChannelLimits)[];

/**
 * The limits of a broker: what each channel gets, from the global limits and those of the patterns that cover its name.
 * @internal
 */
export class LimitTable {
  readonly maxChannels: number;
  readonly global: ResolvedChannelLimits;
  /** Patterns from the widest to the narrowest, each with what its own limits and the wider ones come to. */
  private readonly patterns: { readonly pattern: string; readonly limits: ChannelLimits }[];

  /** @throws BrokerOptionError (STAN_INVALID_OPTION) */
  constructor(given: BrokerLimits | undefined) {
    const own = readOptionGroup(BrokerLimits, given ?? {}, brokerOptionPlace('limits'));
    const { maxChannels, channels = {}, ...global } = { ...brokerLimitsDefaults, ...own };
    for (const name of limitNames) refuseNegative(name, global[name]);
    this.maxChannels = maxChannels;
    this.global = global;
    this.patterns = Object.entries(channels).map(([pattern, limits]) => checked(pattern, limits));
    this.patterns.sort((a, b) => compareWidth(a.pattern, b.pattern));
    const literals = this.patterns.filter(({ pattern }) => !/[*>]/u.test(pattern)).length;
    if (this.maxChannels > 0 && literals > this.maxChannels) {
      throw new BrokerOptionError(
        'limits.channels',
        literals,
        `at most maxChannels (${this.maxChannels}) channel names`,
      );
    }
  }

  /** The limits that are configured by name or pattern, complete, from the widest pattern to the narrowest. */
  get configured(): { readonly pattern: string; readonly limits: ResolvedChannelLimits }[] {
    return this.patterns.map(({ pattern }) => ({ pattern, limits: this.of(pattern) }));
  }

  of(channel: string): ResolvedChannelLimits {
    let limits = this.global;
    for (const { pattern, limits: own } of this.patterns) {
      if (covers(pattern, channel)) limits = inherit(own, limits);
    }
    return limits;
  }
}

function inherit(own: ChannelLimits, wider: ResolvedChannelLimits): ResolvedChannelLimits {
  const entries = limitNames.map((name) => {
    const value = own[name] ?? 0;
    return [name, value < 0 ? 0 : value || wider[name]] as const;
  });
  return Object.fromEntries(entries) as unknown as ResolvedChannelLimits;
}

function checked(pattern: string, limits: ChannelLimits): { pattern: string; limits: ChannelLimits } {
  if (!isChannelPattern(pattern)) {
    throw new BrokerOptionError('limits.channels', pattern, 'channel names, with * and > as whole tokens');
  }
  const place = brokerOptionPlace(`limits.channels['${pattern}']`);
  return { pattern, limits: readOptionGroup(ChannelLimits, limits, place) };
}

/** A negative limit means "no limit" for a single channel, over what it would inherit; of all channels that is 0. */
function refuseNegative(name: string, value: number): void {
  if (value < 0) throw new BrokerOptionError(`limits.${name}`, value, 'a whole number, 0 or more');
}

/** `>` is wider than `*`, `*` wider than a literal token, token by token. */
function compareWidth(a: string, b: string): number {
  const left = a.split('.');
  const right = b.split('.');
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = width(left[i]) - width(right[i]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function width(token: string | undefined): number {
  if (token === '>') return 0;
  return token === '*' ? 1 : 2;
}

/** True where every channel that `channel` stands for is covered by `pattern`. */
function covers(pattern: string, channel: string): boolean {
  const wanted = pattern.split('.');
  const tokens = channel.split('.');
  for (const [index, token] of wanted.entries()) {
    if (token === '>') return tokens.length > index;
    if (tokens[index] === '>') return false;
    if (token !== '*' && token !== tokens[index]) return false;
  }
  return wanted.length === tokens.length;
}
