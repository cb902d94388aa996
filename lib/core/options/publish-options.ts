import { ExpectDurationMs, ExpectWholeNumber } from '../option-rules/expect.decorator.js';
import type { Resolved } from '../option-rules/resolved.js';

/**
 * Limits for the publishes of one client.
 * @publicApi
 */
export class StanPublishOptions {
  /**
   * Publishes that may be in flight without an ack of the server; the rest wait in the buffer.
   * Unit: count, 1 to 2147483647. With 1, each event waits for the ack of the one before. Losing the session leaves up to
   * this many publishes in doubt.
   * @defaultValue 1024
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours; past its own maxPubAcksInflight node-nats-streaming 0.3.2 reports an error and still sends.
   */
  @ExpectWholeNumber({ min: 1 })
  readonly maxPublishInFlight?: number = 1_024;
  /**
   * Bytes that pending publishes may take, including those in flight; beyond that a publish is rejected at once.
   * Unit: bytes, 1 to 9007199254740991; each publish counts as its payload plus 256. Too low a limit rejects bursts, too
   * high a limit fills the heap during an outage.
   * @defaultValue 67108864
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours.
   */
  @ExpectWholeNumber({ min: 1, max: Number.MAX_SAFE_INTEGER })
  readonly maxPendingPublishBytes?: number = 67_108_864;
  /**
   * Time from the call until the server's ack must have arrived, including delays and further attempts.
   * Unit: milliseconds, 1 to 2147483647. Below the time a reconnect takes, publishes fail whenever the session is lost.
   * @defaultValue 30000
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: node-nats-streaming 0.3.2 lib/stan.js (DEFAULT_ACK_WAIT).
   */
  @ExpectDurationMs({ min: 1 })
  readonly publishTimeoutMs?: number = 30_000;
  /**
   * Time without an ack of the oldest publish in flight, after which it is sent again within `publishTimeoutMs`; the rest
   * follows once its ack shows that the earlier attempts were lost.
   * Unit: milliseconds, 1 to 2147483647. Below the response time of a loaded server, single events are stored twice; far
   * above it, publishing pauses that long when STAN fails over. At `publishTimeoutMs` or more, nothing is sent again within
   * one connection.
   * @defaultValue 2000
   * @throws InvalidOptionError (STAN_INVALID_OPTION)
   * Source: ours; measured as in docs/production.md.
   */
  @ExpectDurationMs({ min: 1 })
  readonly ackTimeoutMs?: number = 2_000;
}

/** @internal */
export type ResolvedPublishOptions = Resolved<StanPublishOptions>;
