import { Expect, ExpectDurationMs, ExpectObject, ExpectWholeNumber } from '../../core/option-rules/expect.decorator.js';

const nsPerMs = 1_000_000;

/**
 * What the streams are like that the driver makes. Those that are there already stay as they are.
 * @publicApi
 */
export class JetStreamStreamOptions {
  /**
   * On how many servers each stream is kept.
   * Unit: servers; 1, 3 or 5, no more than the cluster has. With 1 a lost server is a lost stream.
   * @defaultValue 1
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-server 2.15.2 server/stream.go (StreamMaxReplicas).
   */
  @Expect('1, 3 or 5', (value) => value === 1 || value === 3 || value === 5)
  readonly replicas?: 1 | 3 | 5 = 1;
  /**
   * How long an event is kept; as long as there is room where left out.
   * Unit: milliseconds, 100 to 2147483647.
   * @defaultValue undefined
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-server 2.15.2 server/stream.go (checkStreamCfg: at least 100 ms).
   */
  @ExpectDurationMs({ min: 100 })
  readonly maxAgeMs?: number | undefined = undefined;
  /**
   * How many events a stream keeps; the oldest are dropped first. No limit where left out.
   * Unit: count, from 1.
   * @defaultValue undefined
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-server 2.15.2 server/stream.go (StreamConfig.MaxMsgs).
   */
  @ExpectWholeNumber({ min: 1 })
  readonly maxMessages?: number | undefined = undefined;
  /**
   * How many bytes a stream takes, headers included; the oldest events are dropped first. No limit where left out.
   * Unit: bytes, from 1.
   * @defaultValue undefined
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-server 2.15.2 server/stream.go (StreamConfig.MaxBytes).
   */
  @ExpectWholeNumber({ min: 1 })
  readonly maxBytes?: number | undefined = undefined;
  /**
   * How long the server knows an event again that is sent twice since its ack was lost. Keep it above `publishTimeoutMs`.
   * Unit: milliseconds, 100 to 2147483647; no more than `maxAgeMs`.
   * @defaultValue 120000
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-server 2.15.2 server/stream.go (StreamDefaultDuplicatesWindow).
   */
  @ExpectDurationMs({ min: 100 })
  readonly duplicateWindowMs?: number = 120_000;
}

/**
 * The options of `jetstream()`.
 * @publicApi
 */
export class JetStreamOptions {
  /**
   * `create`: a subject's stream is made when it is first needed. `require`: streams are the operator's, and a subject
   * without one is refused.
   * @defaultValue 'create'
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @Expect('"create" or "require"', (value) => value === 'create' || value === 'require')
  readonly streams?: 'create' | 'require' = 'create';
  /**
   * What the streams are like that are made; each option left out has its default.
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectObject()
  readonly stream?: JetStreamStreamOptions;
  /**
   * The name of the stream of a subject, for one that is made.
   * Limits: letters, digits, `-` and `_`; two subjects must not get one name.
   * @defaultValue the subject, with `_<hex>_` for every character but letters, digits and `-`
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @Expect('a function that returns the name of a stream', (value) => typeof value === 'function')
  readonly streamName?: (subject: string) => string;
  /**
   * The JetStream domain to use, behind a leaf node.
   * Limits: one token of a subject.
   * @defaultValue undefined
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-server 2.15.2 server/opts.go (JetStreamDomain).
   */
  @Expect('one token of a subject', (value) => typeof value === 'string' && /^[^\s.*>]+$/.test(value))
  readonly domain?: string | undefined = undefined;
  /**
   * Tells the server that a handler is at work for as long as it runs, so that a slow handler's event is not delivered a
   * second time. Without it ack wait is a hard limit, as in STAN. A handler that never ends then keeps its event forever.
   * @defaultValue false
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: nats-server 2.15.2 server/consumer.go (AckProgress).
   */
  @Expect('true or false', (value) => typeof value === 'boolean')
  readonly extendAckWait?: boolean = false;
}

/** Complete and validated. */
export interface ResolvedJetStreamOptions {
  readonly streams: 'create' | 'require';
  readonly stream: JetStreamStreamOptions;
  readonly streamName: (subject: string) => string;
  readonly domain: string | undefined;
  readonly extendAckWait: boolean;
}

/** The configuration of a stream that is made for one subject. */
export function streamConfigOf(
  { stream, streamName }: ResolvedJetStreamOptions,
  subject: string,
): Readonly<Record<string, unknown>> & { readonly name: string } {
  const { replicas = 1, maxAgeMs, maxMessages, maxBytes, duplicateWindowMs = 120_000 } = stream;
  const windowMs = Math.min(duplicateWindowMs, maxAgeMs ?? Infinity);
  return {
    name: streamName(subject),
    subjects: [subject],
    ...{ storage: 'file', retention: 'limits', discard: 'old', num_replicas: replicas },
    ...{ max_age: (maxAgeMs ?? 0) * nsPerMs, max_msgs: maxMessages ?? -1, max_bytes: maxBytes ?? -1 },
    duplicate_window: windowMs * nsPerMs,
  };
}
