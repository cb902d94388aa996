import type { DriverMessage } from '../driver/driver.js';
import { DeadLetterFailedError } from '../errors/dead-letter-failed.error.js';
import { UndecodablePayloadError } from '../errors/undecodable-payload.error.js';
import type { ResolvedSubscriptionOptions, StartAt } from '../options/subscription-options.js';
import { describeError, encodePayload } from './dead-letter.js';
import type { DeadLetter } from './dead-letter.js';
import type { DeliveryClock } from './delivery-clock.js';
import type { AfterFailure, DeliveryEvent, DeliverySkippedEvent } from './delivery-event.js';
import { DeliveryQueue } from './delivery-queue.js';
import { Delivery } from './delivery.js';
import { FailureMemory } from './failure-memory.js';
import type { Failure } from './failure-memory.js';
import { FailurePolicy } from './failure-policy.js';
import type { FailureClassifier, FailureDecision } from './failure-policy.js';
import { HandledMemory } from './handled-memory.js';
import { ResumePosition } from './resume-position.js';

/** Messages remembered as handled, and as failed, per subscription. */
const handledCapacity = 50_000;
const failureCapacity = 10_000;

/** From this share of ack wait on, a handler is called slow. */
const nearAckWait = 0.8;

/**
 * What a pipeline needs to know and to reach; all of it stays the same for its life.
 * @internal
 */
export interface DeliveryPipelineSetup {
  readonly options: ResolvedSubscriptionOptions;
  readonly handlerName: string;
  readonly service: string;
  readonly clientId: string;
  /** Bytes to data; throws, or rejects, on bytes that it refuses. */
  readonly decode: (message: DriverMessage) => unknown;
  /** Runs the handler to its end; throws or rejects where it failed. */
  readonly handle: (data: unknown, delivery: Delivery) => unknown;
  readonly classifier: FailureClassifier;
  /** Stores a dead letter; resolves once the server has it. */
  readonly storeDeadLetter: (subject: string, deadLetter: DeadLetter) => Promise<void>;
  readonly emit: (event: DeliveryEvent) => void;
  readonly clock: DeliveryClock;
}

/**
 * The deliveries of one subscription, from arrival to settlement: guard, gate, decode, handle, settle.
 * @internal
 */
export class DeliveryPipeline {
  private readonly active = new Map<number, Delivery>();
  private readonly waiting = new DeliveryQueue();
  private readonly handled = new HandledMemory(handledCapacity);
  private readonly failures = new FailureMemory(failureCapacity);
  private readonly position: ResumePosition | undefined;
  private readonly policy: FailurePolicy;
  private readonly ackedOnArrival: boolean;
  private running = 0;
  private stopped = false;
  private saidNearAckWait = false;
  private idleWaiters: (() => void)[] = [];

  constructor(private readonly setup: DeliveryPipelineSetup) {
    const { options, clock } = setup;
    this.ackedOnArrival = options.ackMode === 'onDelivery';
    this.position =
      options.durableName === undefined ? new ResumePosition(options.startAt, () => clock.nowMs()) : undefined;
    this.policy = new FailurePolicy(options, setup.classifier);
  }

  /** Handlers that run now. */
  runningCount(): number {
    return this.running;
  }

  /** Deliveries that wait for a free place. */
  waitingCount(): number {
    return this.waiting.waitingCount();
  }

  /** Where the next session starts; see the driver port. */
  resumeAt(serverChanged: boolean): StartAt {
    return this.position?.resumeAt(serverChanged) ?? this.setup.options.startAt;
  }

  /** Takes one arrival. Never throws; called synchronously, in order, by the driver. */
  accept(message: DriverMessage): void {
    if (this.stopped) return;
    if (this.ackedOnArrival) this.acceptAcked(message);
    else if (this.passesGuard(message)) this.enqueue(message);
  }

  /** Starts nothing new from now on; what waits is left for the server to send again. */
  stop(): void {
    this.stopped = true;
    // Acked on arrival: the server will not send these again, so they are still handled.
    if (this.ackedOnArrival) return;
    this.waiting.clear();
    for (const delivery of this.active.values()) {
      if (delivery.state === 'held') this.leave(delivery);
    }
  }

  /** Resolves when no handler runs. */
  async whenIdle(): Promise<void> {
    while (this.running > 0) await new Promise<void>((resolve) => this.idleWaiters.push(resolve));
  }

  private acceptAcked(message: DriverMessage): void {
    this.position?.received(message);
    this.position?.settled(message);
    const delivery = this.makeDelivery(message);
    delivery.markSettled();
    this.waiting.push(delivery);
    this.startWaiting();
  }

  private passesGuard(message: DriverMessage): boolean {
    const { sequence, timestampNs } = message;
    const known = this.active.get(sequence);
    if (known?.isSameMessage(message)) {
      this.renew(known, message);
      return false;
    }
    if (this.handled.has(sequence, timestampNs) || this.position?.isPassedOver(message)) {
      message.ack();
      this.skip(message, 'handled');
      return false;
    }
    const failure = this.failures.get(sequence, timestampNs);
    return failure === undefined || this.mayTryAgain(message, failure);
  }

  private renew(known: Delivery, message: DriverMessage): void {
    known.renew(message, this.setup.clock.nowMs());
    if (known.state !== 'running') return;
    this.skip(message, 'running');
    this.warnNearAckWait(message, this.setup.options.ackWaitMs);
  }

  private mayTryAgain(message: DriverMessage, failure: Failure): boolean {
    if (failure.givenUp) {
      this.skip(message, 'givenUp');
      return false;
    }
    const tooEarlyByMs = (failure.notBeforeMs ?? 0) - this.setup.clock.nowMs();
    if (tooEarlyByMs <= 0) return true;
    if (tooEarlyByMs < this.setup.options.ackWaitMs) this.hold(this.activate(message), tooEarlyByMs);
    else this.skip(message, 'tooEarly');
    return false;
  }

  private enqueue(message: DriverMessage): void {
    const delivery = this.activate(message);
    if (this.running < this.setup.options.concurrency && this.waiting.waitingCount() === 0) this.start(delivery);
    else this.waiting.push(delivery);
  }

  private activate(message: DriverMessage): Delivery {
    this.position?.received(message);
    const delivery = this.makeDelivery(message);
    this.active.set(message.sequence, delivery);
    return delivery;
  }

  private makeDelivery(message: DriverMessage): Delivery {
    return new Delivery(message, this.setup.clock.nowMs(), this.rememberHandled);
  }

  private readonly rememberHandled = (delivery: Delivery): void => {
    const { message } = delivery;
    this.handled.remember(message.sequence, message.timestampNs);
    this.position?.settled(message);
    this.failures.delete(message.sequence);
  };

  private startWaiting(): void {
    while (this.running < this.setup.options.concurrency) {
      const delivery = this.waiting.take();
      if (delivery === undefined) return;
      if (this.ackWaitLeftMs(delivery) > 0) this.start(delivery);
      else this.expire(delivery);
    }
  }

  private expire(delivery: Delivery): void {
    this.skip(delivery.message, 'expired');
    this.leave(delivery);
  }

  private start(delivery: Delivery): void {
    delivery.state = 'running';
    delivery.tries += 1;
    this.running += 1;
    void this.run(delivery);
  }

  /** Never rejects. */
  private async run(delivery: Delivery): Promise<void> {
    const startedAtMs = this.setup.clock.nowMs();
    try {
      const decoded: unknown = this.setup.decode(delivery.message);
      const data: unknown = decoded instanceof Promise ? await decoded : decoded;
      await this.handle(data, delivery);
    } catch (error) {
      await this.refuseBytes(delivery, error);
    }
    const tookMs = this.setup.clock.nowMs() - startedAtMs;
    if (tookMs > this.setup.options.ackWaitMs * nearAckWait) this.warnNearAckWait(delivery.message, tookMs);
    this.finish(delivery);
  }

  private async handle(data: unknown, delivery: Delivery): Promise<void> {
    try {
      await this.setup.handle(data, delivery);
      if (this.setup.options.ackMode === 'afterHandler') delivery.ack();
    } catch (error) {
      await this.fail(delivery, error);
    }
  }

  private finish(delivery: Delivery): void {
    this.running -= 1;
    if (delivery.state === 'running') this.leave(delivery);
    if (!this.stopped || this.ackedOnArrival) this.startWaiting();
    if (this.running > 0 || this.idleWaiters.length === 0) return;
    const waiters = this.idleWaiters;
    this.idleWaiters = [];
    for (const wake of waiters) wake();
  }

  /** Takes it out of this process: it is settled, or the server will send it again. */
  private leave(delivery: Delivery): void {
    delivery.state = 'gone';
    delivery.cancelHold?.();
    const { sequence } = delivery.message;
    if (this.active.get(sequence) === delivery) this.active.delete(sequence);
  }

  private hold(delivery: Delivery, forMs: number): void {
    delivery.state = 'held';
    delivery.cancelHold = this.setup.clock.after(forMs, () => {
      delivery.cancelHold = undefined;
      if (delivery.state !== 'held') return;
      delivery.state = 'waiting';
      this.waiting.push(delivery);
      this.startWaiting();
    });
  }

  private async refuseBytes(delivery: Delivery, cause: unknown): Promise<void> {
    const { message } = delivery;
    const policy = this.setup.options.onUndecodable;
    const error =
      cause instanceof UndecodablePayloadError
        ? cause
        : new UndecodablePayloadError(message.subject, message.sequence, { cause });
    const deliveries = this.countFailure(delivery, { givenUp: policy === 'leave' });
    this.setup.emit({ type: 'undecodable', ...this.about(message), error, policy, deliveries });
    if (policy === 'ack') delivery.ack();
    if (policy === 'deadLetter') await this.deadLetter(delivery, error, deliveries);
  }

  private async fail(delivery: Delivery, error: unknown): Promise<void> {
    if (delivery.isSettled()) {
      this.sayFailed(delivery, error, 0, 'lost');
      return;
    }
    const deliveries = this.failedDeliveries(delivery);
    const decision = this.decide(delivery, error, deliveries);
    this.sayFailed(delivery, error, deliveries, afterDecision[decision.action]);
    if (decision.action === 'retry') {
      this.hold(delivery, decision.afterMs);
      return;
    }
    const notBeforeMs =
      decision.action === 'leave' && decision.notBeforeMs !== undefined
        ? this.setup.clock.nowMs() + decision.notBeforeMs
        : undefined;
    this.countFailure(delivery, { notBeforeMs, givenUp: decision.action === 'giveUp' });
    if (decision.action === 'deadLetter') await this.deadLetter(delivery, error, deliveries);
  }

  private decide(delivery: Delivery, error: unknown, deliveries: number): FailureDecision {
    const failed = {
      error,
      deliveries,
      tries: delivery.tries,
      ackWaitLeftMs: this.ackWaitLeftMs(delivery),
      mayRetryHere: !this.stopped,
    };
    try {
      return this.policy.decide(failed);
    } catch (thrown) {
      // The user's retryOn threw: without its word there is no run here; the server still delivers again.
      this.sayFailed(delivery, thrown, deliveries, 'redelivery');
      return { action: 'leave' };
    }
  }

  private async deadLetter(delivery: Delivery, error: unknown, deliveries: number): Promise<void> {
    const { message } = delivery;
    const subject = this.setup.options.deadLetter?.subject;
    if (subject === undefined) return;
    try {
      await this.setup.storeDeadLetter(subject, this.toDeadLetter(message, error, deliveries));
    } catch (cause) {
      const failed = new DeadLetterFailedError(message.subject, message.sequence, subject, { cause });
      this.setup.emit({ type: 'deadLetterFailed', ...this.about(message), error: failed });
      return;
    }
    delivery.ack();
    this.setup.emit({ type: 'deadLettered', ...this.about(message), deadLetterSubject: subject, deliveries, error });
  }

  private toDeadLetter(message: DriverMessage, error: unknown, deliveries: number): DeadLetter {
    return {
      version: 1,
      subject: message.subject,
      sequence: message.sequence,
      timestamp: new Date(message.timestampNs / 1e6).toISOString(),
      deliveries,
      failedAt: new Date().toISOString(),
      error: describeError(error),
      handler: this.setup.handlerName,
      service: this.setup.service,
      clientId: this.setup.clientId,
      payload: encodePayload(message.data),
    };
  }

  private failedDeliveries({ message }: Delivery): number {
    const before = this.failures.get(message.sequence, message.timestampNs)?.deliveries ?? 0;
    return Math.max(before, message.redeliveryCount) + 1;
  }

  private countFailure(delivery: Delivery, outcome: { notBeforeMs?: number | undefined; givenUp: boolean }): number {
    const { sequence, timestampNs } = delivery.message;
    const deliveries = this.failedDeliveries(delivery);
    const { notBeforeMs, givenUp } = outcome;
    this.failures.set(sequence, { timestampNs, deliveries, notBeforeMs, givenUp });
    return deliveries;
  }

  private ackWaitLeftMs(delivery: Delivery): number {
    if (this.ackedOnArrival) return Infinity;
    return delivery.arrivedAtMs + this.setup.options.ackWaitMs - this.setup.clock.nowMs();
  }

  private sayFailed(delivery: Delivery, error: unknown, deliveries: number, next: AfterFailure): void {
    const { tries, message } = delivery;
    this.setup.emit({ type: 'handlerError', ...this.about(message), error, deliveries, tries, next });
  }

  private skip(message: DriverMessage, reason: DeliverySkippedEvent['reason']): void {
    this.setup.emit({ type: 'deliverySkipped', ...this.about(message), reason });
  }

  private warnNearAckWait(message: DriverMessage, tookMs: number): void {
    if (this.saidNearAckWait || this.ackedOnArrival) return;
    this.saidNearAckWait = true;
    const { ackWaitMs } = this.setup.options;
    this.setup.emit({ type: 'ackWaitNear', ...this.about(message), tookMs: Math.round(tookMs), ackWaitMs });
  }

  private about({ subject, sequence }: DriverMessage): { subject: string; sequence: number; handler: string } {
    return { subject, sequence, handler: this.setup.handlerName };
  }
}

const afterDecision: Readonly<Record<FailureDecision['action'], AfterFailure>> = {
  retry: 'retry',
  deadLetter: 'deadLetter',
  giveUp: 'givenUp',
  leave: 'redelivery',
};
