import type { ResolvedVersionOptions } from '../options/counting-options.js';
import type { CountedDelivery, CountedHandler, CountingSetup } from './counted-handler.js';
import type { EarlyEvents } from './early-events.js';
import { entityOf } from './event-keys.js';
import type { Advance, ParkedEvent, VersionedEntity } from '../event-store/event-store.js';
import { inTransaction } from './handler-transaction.js';
import { isNext } from './parked-events.js';
import type { ParkedEvents } from './parked-events.js';

/** How often an early event looks for what other processes have counted. Unit: milliseconds. */
const lookMs = 30;

/** The longest wait between two looks of an event that cannot be parked, since its predecessor runs. Unit: milliseconds. */
const maxLookMs = 500;

/**
 * Lets each version of an entity count once, in order. The advance, the handler and all it writes are one transaction.
 * @internal
 */
export class VersionGate {
  private stopped = false;

  constructor(
    private readonly setup: CountingSetup,
    private readonly handler: CountedHandler,
    private readonly options: ResolvedVersionOptions,
    private readonly early: EarlyEvents,
    private readonly parked: ParkedEvents,
  ) {}

  /** Resolves once the event may be acked: it has counted, it had before, or it is parked. */
  async handle(data: unknown, delivery: CountedDelivery): Promise<'skipped' | undefined> {
    const entity = entityOf(this.options, this.handler.service, data, delivery.message);
    const outcome = await this.passInTime(entity, data, delivery);
    if (outcome === 'parked') return 'skipped';
    if (outcome === 'stale') {
      this.skipStale(entity, delivery.message);
      return 'skipped';
    }
    // Committed: a process that dies from here on leaves nothing but an ack that is sent again.
    delivery.ack();
    this.early.counted(entity);
    if (outcome === 'nextAndParked') await this.parked.drain(entity);
    return undefined;
  }

  /** Parks what is early from now on without a wait. */
  stop(): void {
    this.stopped = true;
  }

  private async passInTime(
    entity: VersionedEntity,
    data: unknown,
    delivery: CountedDelivery,
  ): Promise<Exclude<Advance, 'early'> | 'parked'> {
    const { clock } = this.setup;
    const parkAtMs = clock.nowMs() + this.options.waitMs;
    let isRefused = false;
    for (let nextLookMs = lookMs; ;) {
      const outcome = await this.pass(entity, data, delivery);
      if (outcome !== 'early') return outcome;
      const leftMs = this.stopped ? 0 : parkAtMs - clock.nowMs();
      if (leftMs > 0) {
        await this.early.untilCounted(entity, Math.min(leftMs, lookMs));
      } else if (isRefused) {
        // Its predecessor's transaction is open: no connection is held while it is, and a commit here ends the wait.
        await this.early.untilCounted(entity, nextLookMs);
        nextLookMs = Math.min(nextLookMs * 2, maxLookMs);
        isRefused = false;
      } else {
        if (await this.park(entity, delivery.message)) return 'parked';
        isRefused = true;
      }
    }
  }

  private pass(entity: VersionedEntity, data: unknown, delivery: CountedDelivery): Promise<Advance> {
    const { store } = this.setup;
    return inTransaction(store, 'count an event', async (tx, run) => {
      const outcome = await store.advance(tx, entity);
      if (isNext(outcome)) await run(() => this.handler.run(data, delivery, tx));
      return outcome;
    });
  }

  private async park(entity: VersionedEntity, message: CountedDelivery['message']): Promise<boolean> {
    const { store, emit } = this.setup;
    const event = this.toParked(entity, message);
    const isParked = await inTransaction(store, 'park an early event', (tx) => store.park(tx, event, entity.first));
    if (!isParked) return false;
    const { subject, sequence } = message;
    const { stream, key, version } = entity;
    emit({ type: 'parked', subject, sequence, handler: this.handler.name, stream, key, version });
    return true;
  }

  private toParked(
    { consumer, stream, key, version }: VersionedEntity,
    message: CountedDelivery['message'],
  ): ParkedEvent {
    const { subject, sequence, timestampNs, headerText, data } = message;
    return {
      ...{ consumer, stream, key, version, subject, sequence, timestampNs, headerText },
      handler: this.handler.name,
      payload: data,
      parkedAtMs: Date.now(),
      attempts: 0,
      notBeforeMs: 0,
      lastError: undefined,
    };
  }

  private skipStale(
    { stream, key, version }: VersionedEntity,
    { subject, sequence, redeliveryCount }: CountedDelivery['message'],
  ): void {
    const about = { subject, sequence, handler: this.handler.name, deliveries: redeliveryCount + 1 };
    this.setup.emit({ type: 'deliverySkipped', ...about, reason: 'stale', counted: { stream, key, version } });
  }
}
