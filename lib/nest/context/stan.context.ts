import { BaseRpcContext } from '@nestjs/microservices';

import type { DriverMessage } from '../../core/driver/driver.js';
import { NoTransactionError } from '../../core/errors/no-transaction.error.js';
import { hasBrand, setBrand } from '../../core/errors/brand.js';
import { headersOf } from '../../core/wire/index.js';

/**
 * The delivery that a context tells about.
 * @internal
 */
export interface ContextDelivery {
  readonly message: Omit<DriverMessage, 'ack'>;
  /** What the deserializer has read in the event beside its data. */
  readonly headers?: ReadonlyMap<string, string> | undefined;
  ack(): void;
  isSettled(): boolean;
}

/** The delivery, and what the handler runs in. */
type ContextArgs = [delivery: ContextDelivery, transaction?: unknown];

/**
 * What a handler can learn about its event, and how it acks one in the ack mode `'manual'`. Injected by `@Ctx()`.
 * @publicApi
 */
export class StanContext extends BaseRpcContext<ContextArgs> {
  static {
    setBrand(this, 'StanContext');
  }

  private headers: ReadonlyMap<string, string> | undefined;

  /** @internal */
  constructor(delivery: ContextDelivery, transaction?: unknown) {
    super(transaction === undefined ? [delivery] : [delivery, transaction]);
  }

  /** The subject (STAN: channel) the event was published on. */
  getSubject(): string {
    return this.args[0].message.subject;
  }

  /** The event's number on its subject, from 1; the same in every delivery. */
  getSequence(): number {
    return this.args[0].message.sequence;
  }

  /** When the server stored the event. */
  getTimestamp(): Date {
    return new Date(this.args[0].message.timestampNs / 1e6);
  }

  /** Whether the server has sent it before, to this handler or to another member of its queue group. */
  isRedelivered(): boolean {
    return this.args[0].message.redelivered;
  }

  /** How often the server has sent it again: 0 in the first delivery. A restarted server begins at 0 again. */
  getRedeliveryCount(): number {
    return this.args[0].message.redeliveryCount;
  }

  /**
   * What the publisher has said beside the data: headers, `id` and `key`, and over them what a deserializer has returned as
   * its packet's `metadata`. Empty where the publisher was another client.
   */
  getHeaders(): ReadonlyMap<string, string> {
    const [{ message, headers }] = this.args;
    this.headers ??= headersOf(message.headerText, headers);
    return this.headers;
  }

  /** One header, or `undefined`. */
  getHeader(name: string): string | undefined {
    return this.getHeaders().get(name);
  }

  /** The id that the publisher has given the event, or `undefined`. */
  getEventId(): string | undefined {
    return this.getHeader('id');
  }

  /** The key that the publisher has given the event, or `undefined`. */
  getKey(): string | undefined {
    return this.getHeader('key');
  }

  /** The headers as Nest's own contexts show what a dispatch hook has put beside the data; `undefined` for none. */
  getMetadata(): Record<string, string> | undefined {
    const headers = this.getHeaders();
    return headers.size === 0 ? undefined : Object.fromEntries(headers);
  }

  /**
   * The transaction in which the event counts, with the option `version` or `inbox`: whatever the event store's adapter works
   * with. What the handler writes in it is stored together with the event, or not at all. Also `@StanTransaction()`.
   * @throws NoTransactionError (STAN_NO_TRANSACTION) where the handler has neither option
   */
  getTransaction<T = unknown>(): T {
    const [, transaction] = this.args;
    if (transaction === undefined) throw new NoTransactionError(this.getSubject());
    return transaction as T;
  }

  /** The event's bytes as they were published: a copy, to keep or to change. */
  getRawData(): Buffer {
    // The bytes here are a view on what the network brought, up to 64 KiB, which would stay as long as they do.
    return Buffer.from(this.args[0].message.data);
  }

  /** The driver's own message object, here with the methods of node-nats-streaming's `Message`. Do not ack through it. */
  getMessage<T = unknown>(): T {
    return this.args[0].message.native as T;
  }

  /**
   * Tells the server that the event is done. For the ack mode `'manual'`; in the others the transport does it.
   * Never throws: a second call, one after the session or the app has closed, or one that comes too late does nothing
   * but keep the event from being handled here again.
   */
  ack(): void {
    this.args[0].ack();
  }

  /** Whether it was acked, here or by the transport. */
  isSettled(): boolean {
    return this.args[0].isSettled();
  }
}

/** Of any copy of this package. @internal */
export function isStanContext(value: unknown): value is StanContext {
  return hasBrand(value, 'StanContext');
}
