import type { InboxOptions } from '../options/counting-options.js';
import type { CountedDelivery, CountedHandler, CountingSetup } from './counted-handler.js';
import { messageIdOf } from './event-keys.js';
import { inTransaction } from './handler-transaction.js';

/**
 * Lets each event id count once, in no order. The record, the handler and all it writes are one transaction.
 * @internal
 */
export class InboxGate {
  private readonly consumer: string;

  constructor(
    private readonly setup: Pick<CountingSetup, 'store' | 'emit'>,
    private readonly handler: CountedHandler,
    private readonly options: InboxOptions,
  ) {
    this.consumer = inboxConsumerOf(handler, options);
  }

  /** Resolves once the event may be acked: it has counted, now or before. */
  async handle(data: unknown, delivery: CountedDelivery): Promise<'skipped' | undefined> {
    const { store } = this.setup;
    const id = messageIdOf(this.options, data, delivery);
    const isNew = await inTransaction(store, 'record an event', async (tx, run) => {
      if (!(await store.recordInbox(tx, this.consumer, id, Date.now()))) return false;
      await run(() => this.handler.run(data, delivery, tx));
      return true;
    });
    if (isNew) return undefined;
    const { subject, sequence, redeliveryCount } = delivery.message;
    const about = { subject, sequence, handler: this.handler.name, deliveries: redeliveryCount + 1 };
    this.setup.emit({ type: 'deliverySkipped', ...about, reason: 'duplicate' });
    return 'skipped';
  }
}

/** @internal */
export function inboxConsumerOf(
  { service, subject }: Pick<CountedHandler, 'service' | 'subject'>,
  { consumer }: InboxOptions,
): string {
  return consumer ?? `${service}/${subject}`;
}
