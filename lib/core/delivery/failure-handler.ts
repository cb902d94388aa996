import type { DriverMessage } from '../driver/driver.js';
import { DeadLetterFailedError } from '../errors/dead-letter-failed.error.js';
import { InvalidPayloadError } from '../errors/invalid-payload.error.js';
import { PayloadTooLargeError } from '../errors/payload-too-large.error.js';
import { UndecodablePayloadError } from '../errors/undecodable-payload.error.js';
import { deadLetterOf } from '../dead-letters/dead-letter.js';
import { isError, shortDescription } from '../errors/describe-error.js';
import type { DeadLetter } from '../dead-letters/dead-letter.js';
import type { AfterFailure } from './delivery-event.js';
import { aboutMessage } from './delivery-pipeline-setup.js';
import type { DeliveryPipelineSetup } from './delivery-pipeline-setup.js';
import type { Delivery } from './delivery.js';
import type { FailureMemory } from './failure-memory.js';
import { FailurePolicy } from './failure-policy.js';
import type { FailureDecision } from './failure-policy.js';

/** What the gate knows of a delivery whose handler has failed. */
export interface FailureCircumstances {
  /** Until the server sends it again. */
  readonly ackWaitLeftMs: number;
  /** False while stopping: nothing new is started. */
  readonly mayRetryHere: boolean;
}

/**
 * Carries out what follows a failure: counts it, tells it, and dead-letters, leaves or gives up the delivery.
 * Never rejects.
 * @internal
 */
export class FailureHandler {
  private readonly policy: FailurePolicy;

  constructor(
    private readonly setup: DeliveryPipelineSetup,
    private readonly failures: FailureMemory,
  ) {
    this.policy = new FailurePolicy(setup.options, setup.classifier);
  }

  /** The handler of a delivery failed. Resolves with the wait before another run here, if there is to be one. */
  async handlerFailed(
    delivery: Delivery,
    error: unknown,
    circumstances: FailureCircumstances,
  ): Promise<number | undefined> {
    if (delivery.isSettled()) {
      this.report(delivery, error, delivery.message.redeliveryCount + 1, 'lost');
      return undefined;
    }
    const deliveries = this.deliveriesOf(delivery);
    const decision = this.policy.decide({ error, deliveries, tries: delivery.tries, ...circumstances });
    this.report(delivery, error, deliveries, afterDecision[decision.action]);
    if (decision.action === 'retry') return decision.afterMs;
    this.remember(delivery, deliveries, error, decision);
    if (decision.action === 'deadLetter') await this.deadLetter(delivery, error, deliveries);
    return undefined;
  }

  /** The bytes of a delivery were refused; its handler did not run. */
  async bytesRefused(delivery: Delivery, cause: unknown): Promise<void> {
    const { message } = delivery;
    const policy = this.setup.options.onUndecodable;
    const error =
      isError(cause) && (cause instanceof UndecodablePayloadError || cause instanceof InvalidPayloadError)
        ? cause
        : new UndecodablePayloadError(message.subject, message.sequence, { cause });
    const deliveries = this.deliveriesOf(delivery);
    this.remember(delivery, deliveries, error, { action: policy === 'leave' ? 'giveUp' : 'deadLetter' });
    this.setup.emit({ type: 'undecodable', ...aboutMessage(this.setup, message), error, policy, deliveries });
    if (policy === 'ack') delivery.ack();
    if (policy === 'deadLetter') await this.deadLetter(delivery, error, deliveries);
  }

  private remember(delivery: Delivery, deliveries: number, error: unknown, decision: FailureDecision): void {
    const { message } = delivery;
    const { sequence, timestampNs } = message;
    const laterMs = decision.action === 'leave' ? decision.notBeforeMs : undefined;
    // Where the server keeps the time itself, whatever it sends is due.
    const isKeptHere = laterMs !== undefined && message.retryAfter?.(laterMs) !== true;
    const notBeforeMs = isKeptHere ? this.setup.clock.nowMs() + laterMs : undefined;
    const givenUp = decision.action === 'giveUp';
    const about = { timestampNs, deliveries, renewals: this.renewalsOf(delivery), notBeforeMs, laterMs };
    this.failures.set(sequence, { ...about, givenUp, error: givenUp ? error : undefined });
  }

  private async deadLetter(delivery: Delivery, error: unknown, deliveries: number): Promise<void> {
    const { message } = delivery;
    const subject = this.setup.options.deadLetter?.subject;
    if (subject === undefined) return;
    try {
      await this.store(subject, this.toDeadLetter(message, error, deliveries));
    } catch (cause) {
      const failed = new DeadLetterFailedError(message.subject, message.sequence, subject, { cause });
      this.setup.emit({ type: 'deadLetterFailed', ...aboutMessage(this.setup, message), error: failed });
      return;
    }
    delivery.ack();
    this.setup.emit({
      type: 'deadLettered',
      ...aboutMessage(this.setup, message),
      deadLetterSubject: subject,
      deliveries,
      error,
    });
  }

  /** Of an event near the server's maximum payload the letter fits with a short description, if at all. */
  private async store(subject: string, letter: DeadLetter): Promise<void> {
    try {
      await this.setup.storeDeadLetter(subject, letter);
    } catch (error) {
      if (!(error instanceof PayloadTooLargeError)) throw error;
      await this.setup.storeDeadLetter(subject, { ...letter, error: shortDescription(letter.error) });
    }
  }

  private toDeadLetter(message: DriverMessage, error: unknown, deliveries: number): DeadLetter {
    const { handlerName: handler, service, clientId } = this.setup;
    return deadLetterOf(message, { handler, service, clientId, error, deliveries });
  }

  /** The server's count is lost in its restart, ours in this process's: the larger one is nearer the truth. */
  private deliveriesOf(delivery: Delivery): number {
    const { sequence, timestampNs, redeliveryCount } = delivery.message;
    const before = this.failures.get(sequence, timestampNs)?.deliveries ?? 0;
    return Math.max(before, redeliveryCount - this.renewalsOf(delivery)) + 1;
  }

  private renewalsOf({ message, renewals }: Delivery): number {
    return renewals + (this.failures.get(message.sequence, message.timestampNs)?.renewals ?? 0);
  }

  private report(delivery: Delivery, error: unknown, deliveries: number, next: AfterFailure): void {
    const { tries, message } = delivery;
    const timing = delivery.timingAt(this.setup.clock.nowMs());
    const about = { ...aboutMessage(this.setup, message), ...timing };
    this.setup.emit({ type: 'handlerError', ...about, error, deliveries, tries, next });
  }
}

const afterDecision: Readonly<Record<FailureDecision['action'], AfterFailure>> = {
  retry: 'retry',
  deadLetter: 'deadLetter',
  giveUp: 'givenUp',
  leave: 'redelivery',
};
