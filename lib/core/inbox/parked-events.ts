import { deadLetterOf } from '../dead-letters/dead-letter.js';
import { describeError } from '../errors/describe-error.js';
import { retryDelayMs } from '../delivery/failure-policy.js';
import { DeadLetterFailedError } from '../errors/dead-letter-failed.error.js';
import { EventStoreError } from '../errors/event-store.error.js';
import { defaultsOf } from '../option-rules/option-group.js';
import { RetryOptions } from '../options/subscription-options.js';
import { DecodedEvent } from '../wire/decoded-event.js';
import type { CountedDelivery, CountedHandler, CountingSetup } from './counted-handler.js';
import type { EarlyEvents } from './early-events.js';
import type { Advance, EntityVersion, ParkedEvent, VersionedEntity } from '../event-store/event-store.js';
import { inTransaction } from './handler-transaction.js';

/** What became of one parked event. */
type Outcome = 'counted' | 'nothing' | 'failed';

/** What the transaction of a parked event ends with, so that all of it is rolled back. */
class StillEarly extends Error {}

/**
 * Runs parked events once their predecessor has counted: after its commit, or, where its process has died before, by a
 * sweeper. One that fails stays parked, and so do its successors.
 * @internal
 */
export class ParkedEvents {
  private stopped = false;

  constructor(
    private readonly setup: CountingSetup,
    private readonly handlers: readonly CountedHandler[],
    private readonly early: EarlyEvents,
  ) {}

  /** Runs what is parked behind a version that has counted, one after the other. Never rejects. */
  async drain(counted: EntityVersion): Promise<void> {
    for (let version = counted.version + 1; !this.stopped; version += 1) {
      if ((await this.runOne({ ...counted, version })) !== 'counted') return;
    }
  }

  /** Runs a parked event that is due, and what is behind it. Never rejects. */
  async resume(due: EntityVersion): Promise<void> {
    if (!this.stopped && (await this.runOne(due)) === 'counted') await this.drain(due);
  }

  stop(): void {
    this.stopped = true;
  }

  private async runOne(entity: EntityVersion): Promise<Outcome> {
    let parked: ParkedEvent | undefined;
    let handler: CountedHandler | undefined;
    try {
      const outcome = await inTransaction(this.setup.store, 'run a parked event', async (tx, run) => {
        parked = await this.setup.store.takeParked(tx, entity);
        if (parked === undefined) return 'nothing';
        const event = parked;
        handler = this.handlerOf(event);
        const advanced = await this.setup.store.advance(tx, this.toVersioned(event, handler));
        if (advanced === 'early') throw new StillEarly();
        if (isNext(advanced)) await run(() => this.runHandler(event, handler, tx));
        return advanced;
      });
      if (outcome === 'nothing' || parked === undefined) return 'nothing';
      this.setup.emit({ type: 'unparked', ...about(parked), outcome: outcome === 'stale' ? 'stale' : 'counted' });
      this.early.counted(entity);
      return 'counted';
    } catch (error) {
      // A failure of the store is not one of the handler: the sweeper comes back.
      if (parked === undefined || error instanceof EventStoreError) return 'failed';
      await this.failed(parked, handler, error);
      return 'failed';
    }
  }

  /** By its name; by its subject where the method was renamed since. */
  private handlerOf({ consumer, stream, handler, subject }: ParkedEvent): CountedHandler | undefined {
    const own = this.handlers.filter(
      ({ service, options }) => service === consumer && options.version?.stream === stream,
    );
    return own.find(({ name }) => name === handler) ?? own.find((candidate) => candidate.subject === subject);
  }

  private toVersioned(parked: ParkedEvent, handler: CountedHandler | undefined): VersionedEntity {
    const { consumer, stream, key, version } = parked;
    const { first = 0, mode = 'every', unknownKey = 'first' } = handler?.options.version ?? {};
    return { consumer, stream, key, version, first, mode, unknownKey };
  }

  private async runHandler(parked: ParkedEvent, handler: CountedHandler | undefined, tx: unknown): Promise<void> {
    if (handler === undefined) {
      throw new Error(`service "${parked.consumer}" has no handler "${parked.handler}" any more`);
    }
    const delivery = toDelivery(parked);
    const decoded = await handler.decode(delivery.message);
    if (decoded instanceof DecodedEvent) await handler.run(decoded.data, { ...delivery, headers: decoded.headers }, tx);
    else await handler.run(decoded, delivery, tx);
  }

  /** Counts the failure, or moves the event to the dead letters after its last one. The gap it leaves stays open. */
  private async failed(parked: ParkedEvent, handler: CountedHandler | undefined, error: unknown): Promise<void> {
    const attempts = parked.attempts + 1;
    const options = (handler ?? this.siblingOf(parked))?.options;
    const isLast = this.setup.classifier.isFinal(error) || attempts >= (options?.maxDeliveries ?? Infinity);
    const deadLetterSubject = isLast ? options?.deadLetter?.subject : undefined;
    const next = deadLetterSubject === undefined ? 'parked' : 'deadLetter';
    this.setup.emit({ type: 'handlerError', ...aboutDelivery(parked), error, deliveries: attempts, tries: 1, next });
    if (deadLetterSubject !== undefined && (await this.deadLetter(parked, { deadLetterSubject, attempts, error })))
      return;
    const retry = options?.retry ?? defaultsOf(RetryOptions);
    const waitMs = this.setup.classifier.retryLaterMs(error) ?? retryDelayMs(retry, attempts);
    const { name, message } = describeError(error);
    const failure = { notBeforeMs: Date.now() + waitMs, lastError: `${name}: ${message}`.slice(0, 1_000) };
    await this.quietly('count a failure', (tx) => this.setup.store.failParked(tx, parked, failure));
  }

  /** Whose options hold for an event of a handler that is gone. */
  private siblingOf({ consumer }: ParkedEvent): CountedHandler | undefined {
    return this.handlers.find(({ service }) => service === consumer);
  }

  private async deadLetter(
    parked: ParkedEvent,
    { deadLetterSubject, attempts, error }: { deadLetterSubject: string; attempts: number; error: unknown },
  ): Promise<boolean> {
    const { handler, consumer: service, subject, sequence } = parked;
    const identity = { handler, service, clientId: this.setup.clientId };
    const letter = deadLetterOf(toDelivery(parked).message, { ...identity, error, deliveries: attempts });
    try {
      await this.setup.storeDeadLetter(deadLetterSubject, letter);
    } catch (cause) {
      const failed = new DeadLetterFailedError(subject, sequence, deadLetterSubject, { cause });
      this.setup.emit({ type: 'deadLetterFailed', ...aboutDelivery(parked), error: failed });
      return false;
    }
    // Where this fails the letter is there twice, and the second replay of it is stale.
    await this.quietly('remove a dead-lettered event', async (tx) => {
      await this.setup.store.takeParked(tx, parked);
    });
    const facts = { deadLetterSubject, deliveries: attempts, error };
    this.setup.emit({ type: 'deadLettered', ...aboutDelivery(parked), ...facts });
    return true;
  }

  private async quietly(action: string, work: (tx: unknown) => Promise<void>): Promise<void> {
    try {
      await inTransaction(this.setup.store, action, work);
    } catch {
      // The database is away; the row is as it was, and the sweeper comes back to it.
    }
  }
}

function toDelivery(parked: ParkedEvent): CountedDelivery {
  const { subject, sequence, timestampNs, headerText, payload, attempts } = parked;
  return {
    message: {
      ...{ subject, sequence, timestampNs, headerText },
      data: payload,
      redelivered: true,
      redeliveryCount: attempts,
      native: undefined,
    },
    // It was acked when it was parked.
    ack: () => undefined,
    isSettled: () => true,
  };
}

function aboutDelivery({ subject, sequence, handler }: ParkedEvent) {
  return { subject, sequence, handler };
}

function about(parked: ParkedEvent) {
  const { stream, key, version } = parked;
  return { ...aboutDelivery(parked), stream, key, version };
}

/** @internal */
export function isNext(outcome: Advance): outcome is 'next' | 'nextAndParked' {
  return outcome === 'next' || outcome === 'nextAndParked';
}
