import { Expect, ExpectAtLeast, ExpectObject } from '../../core/option-rules/expect.decorator.js';
import { Flag } from '../../core/option-rules/flag.decorator.js';
import { defaultsOf } from '../../core/option-rules/option-group.js';

/**
 * Limits of one channel. In the global limits 0 means unlimited. For a single channel, 0 or a missing value takes the
 * value of the next wider pattern (at last the global one), and a negative value means unlimited.
 * @publicApi
 */
export class ChannelLimits {
  /**
   * Messages kept; the oldest is dropped for a new one.
   * @defaultValue 1000000
   */
  @Expect('a whole number', Number.isInteger)
  @Flag({ kind: 'number', names: ['mm', 'max_msgs'], help: 'messages per channel; 0: no limit' })
  readonly maxMessages?: number = 1_000_000;
  /**
   * Bytes kept (whole stored messages, not payloads alone); the oldest is dropped for a new one.
   * @defaultValue 1024000000
   */
  @Expect('a whole number', Number.isInteger)
  @Flag({ kind: 'size', names: ['mb', 'max_bytes'], help: 'bytes per channel, such as 64MB; 0: no limit' })
  readonly maxBytes?: number = 1_024_000_000;
  /**
   * How long a message is kept. Unit: milliseconds.
   * @defaultValue 0
   */
  @Expect('a whole number', Number.isInteger)
  @Flag({ kind: 'duration', names: ['ma', 'max_age'], help: 'how long a message is kept; 0s: forever' })
  readonly maxAgeMs?: number = 0;
  /**
   * Subscriptions per channel, offline durables included; one more is refused with `too many subscriptions per channel`.
   * @defaultValue 1000
   */
  @Expect('a whole number', Number.isInteger)
  @Flag({ kind: 'number', names: ['msu', 'max_subs'], help: 'subscriptions per channel; 0: no limit' })
  readonly maxSubscriptions?: number = 1_000;
  /**
   * A channel without subscriptions and new messages for this long is deleted. Unit: milliseconds.
   * @defaultValue 0
   */
  @Expect('a whole number', Number.isInteger)
  @Flag({ kind: 'duration', names: ['mi', 'max_inactivity'], help: 'an unused channel is deleted after it; 0s: never' })
  readonly maxInactivityMs?: number = 0;
}

/**
 * Limits of the broker.
 * @publicApi
 */
export class BrokerLimits extends ChannelLimits {
  /**
   * Channels; a publish or subscribe that would make one more is refused with `too many channels`.
   * @defaultValue 100
   */
  @ExpectAtLeast(0)
  @Flag({ kind: 'number', names: ['mc', 'max_channels'], help: 'channels; 0 means no limit' })
  readonly maxChannels?: number = 100;
  /** Limits by channel name; `*` and `>` stand for whole tokens as in a NATS subject. */
  @ExpectObject()
  readonly channels?: Readonly<Record<string, ChannelLimits>>;
}

/** The limits of nats-streaming-server 0.25.6 when none are given. @publicApi */
export const brokerLimitsDefaults: Readonly<Required<Omit<BrokerLimits, 'channels'>>> = Object.freeze(
  defaultsOf<BrokerLimits, 'channels'>(BrokerLimits),
);
