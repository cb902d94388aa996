/** @publicApi */
export const factKinds = ['emitted', 'delivered', 'redelivered', 'handled', 'failed', 'acked'] as const;

/**
 * What can be waited for. `emitted`: the broker has stored the event. `delivered`: it was sent to a subscription for the
 * first time, `redelivered`: again. `handled`: a handler of the app has finished without an error, `failed`: with one.
 * `acked`: the broker has taken an ack for it.
 * @publicApi
 */
export type FactKind = (typeof factKinds)[number];

/**
 * One thing that happened to one event.
 * @publicApi
 */
export interface HarnessFact<T = unknown> {
  readonly kind: FactKind;
  readonly subject: string;
  /** The event's number on its subject, from 1. */
  readonly sequence: number;
  /** The event, decoded; its bytes where they cannot be. */
  readonly data: T;
  /** What its publisher has said beside the data: headers, `id` and `key`. */
  readonly headers: ReadonlyMap<string, string>;
  /** The publisher's client id (`emitted`), else the subscriber's; empty for `handled` and `failed`. */
  readonly clientId: string;
  /** `group`, or `durable:group`; empty for none. */
  readonly queueGroup: string;
  /** 0 for a first delivery. */
  readonly redeliveryCount: number;
  /** Why a handler failed. */
  readonly error: unknown;
  /** Milliseconds since the harness was started, as real time goes. */
  readonly atMs: number;
  /** How far the broker's clock had been advanced by then, in milliseconds. */
  readonly clockMs: number;
}

/**
 * Picks the fact that is waited for.
 * @publicApi
 */
export type FactPredicate<T> = (data: T, fact: HarnessFact<T>) => boolean;
