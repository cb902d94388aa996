/**
 * Limits of one channel. In the global limits 0 means unlimited. For a single channel, 0 or a missing value takes the
 * value of the next wider pattern (at last the global one), and a negative value means unlimited.
 * @publicApi
 */
export interface ChannelLimits {
  /**
   * Messages kept; the oldest is dropped for a new one.
   * @defaultValue 1000000
   */
  readonly maxMessages?: number;
  /**
   * Bytes kept (whole stored messages, not payloads alone); the oldest is dropped for a new one.
   * @defaultValue 1024000000
   */
  readonly maxBytes?: number;
  /**
   * How long a message is kept. Unit: milliseconds.
   * @defaultValue 0
   */
  readonly maxAgeMs?: number;
  /**
   * Subscriptions per channel, offline durables included; one more is refused with `too many subscriptions per channel`.
   * @defaultValue 1000
   */
  readonly maxSubscriptions?: number;
  /**
   * A channel without subscriptions and new messages for this long is deleted. Unit: milliseconds.
   * @defaultValue 0
   */
  readonly maxInactivityMs?: number;
}

/**
 * Limits of the broker.
 * @publicApi
 */
export interface BrokerLimits extends ChannelLimits {
  /**
   * Channels; a publish or subscribe that would make one more is refused with `too many channels`.
   * @defaultValue 100
   */
  readonly maxChannels?: number;
  /** Limits by channel name; `*` and `>` stand for whole tokens as in a NATS subject. */
  readonly channels?: Readonly<Record<string, ChannelLimits>>;
}

/** The limits of nats-streaming-server 0.25.6 when none are given. @publicApi */
export const brokerLimitsDefaults = {
  maxChannels: 100,
  maxMessages: 1_000_000,
  maxBytes: 1_024_000_000,
  maxAgeMs: 0,
  maxSubscriptions: 1_000,
  maxInactivityMs: 0,
} as const satisfies BrokerLimits;
