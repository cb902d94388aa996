import { brokerLimitsDefaults, type BrokerLimits, type ChannelLimits } from '../options/broker-limits.js';
import { refuseUnknownOptions } from '../options/refuse-unknown-options.js';
import { BrokerOptionError } from '../errors/broker-option.error.js';
import { isChannelPattern } from './channel-name.js';

/** Limits of one channel, complete; 0 means unlimited. @internal */
export type ResolvedChannelLimits = Readonly<Required<ChannelLimits>>;

const limitNames = ['maxMessages', 'maxBytes', 'maxAgeMs', 'maxSubscriptions', 'maxInactivityMs'] as const;

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
    refuseUnknownOptions(given ?? {}, [...limitNames, 'maxChannels', 'channels'], 'limits');
    this.maxChannels = wholeNumber('limits.maxChannels', given?.maxChannels ?? brokerLimitsDefaults.maxChannels, 0);
    this.global = resolve((name) => wholeNumber(`limits.${name}`, given?.[name] ?? brokerLimitsDefaults[name], 0));
    this.patterns = Object.entries(given?.channels ?? {}).map(([pattern, limits]) => checked(pattern, limits));
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

function resolve(value: (name: (typeof limitNames)[number]) => number): ResolvedChannelLimits {
  return {
    maxMessages: value('maxMessages'),
    maxBytes: value('maxBytes'),
    maxAgeMs: value('maxAgeMs'),
    maxSubscriptions: value('maxSubscriptions'),
    maxInactivityMs: value('maxInactivityMs'),
  };
}

function inherit(own: ChannelLimits, wider: ResolvedChannelLimits): ResolvedChannelLimits {
  return resolve((name) => {
    const value = own[name] ?? 0;
    if (value < 0) return 0;
    return value === 0 ? wider[name] : value;
  });
}

function checked(pattern: string, limits: ChannelLimits): { pattern: string; limits: ChannelLimits } {
  if (!isChannelPattern(pattern)) {
    throw new BrokerOptionError('limits.channels', pattern, 'channel names, with * and > as whole tokens');
  }
  refuseUnknownOptions(limits, limitNames, `limits.channels['${pattern}']`);
  for (const name of limitNames) wholeNumber(`limits.channels['${pattern}'].${name}`, limits[name] ?? 0, -Infinity);
  return { pattern, limits };
}

function wholeNumber(option: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new BrokerOptionError(option, value, least === 0 ? 'a whole number, 0 or more' : 'a whole number');
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
