import { AsyncResource } from 'node:async_hooks';

import type { DriverMessage } from '../driver/driver.js';
import { ignoreRejection } from '../errors/describe-value.js';
import { NewerEventVersionError } from '../errors/newer-event-version.error.js';
import { UnusableKeyError } from '../errors/unusable-key.error.js';
import type { StartAt } from '../options/subscription-options.js';
import { DecodedEvent } from '../wire/decoded-event.js';
import { isError } from '../errors/describe-error.js';
import type { DeliverySkippedEvent } from './delivery-event.js';
import { DeliveryGuard } from './delivery-guard.js';
import { aboutMessage } from './delivery-pipeline-setup.js';
import type { DeliveryPipelineSetup } from './delivery-pipeline-setup.js';
import { DeliveryQueue } from './delivery-queue.js';
import type { Delivery } from './delivery.js';
import { FailureHandler } from './failure-handler.js';
import { FailureMemory } from './failure-memory.js';
import { Lanes } from './lanes.js';

/** Messages remembered as failed, per subscription. */
const failureCapacity = 10_000;

/** How often per ack wait the server is told that a handler is at work: two of them may get lost. */
const extensionsPerAckWait = 3;

/** From this share of ack wait on, a handler is called slow. */
const nearAckWait = 0.8;

/**
 * The deliveries of one subscription, from arrival to settlement: guard, gate, decode, handle, settle.
 * @internal
 */
export class DeliveryPipeline {
  private readonly guard: DeliveryGuard;
  private readonly failureHandler: FailureHandler;
  private readonly waiting = new DeliveryQueue();
  /** Without the option none of it is there. */
  private readonly lanes: Lanes | undefined;
  private readonly ackedOnArrival: boolean;
  private running = 0;
  private isStarting = false;
  private stopped = false;
  private warnedSlowHandler = false;
  private idleWaiters: (() => void)[] = [];
  private readonly setup: DeliveryPipelineSetup;
  /** The async context in which the subscription was made: what a delivery enters stays its own. */
  private readonly context = new AsyncResource('StanSubscription', manualDestroy);

  constructor(given: DeliveryPipelineSetup) {
    const setup = { ...given, emit: neverThrowing(given.emit) };
    this.setup = setup;
    const failures = new FailureMemory(failureCapacity);
    const { lane } = setup.options;
    const lanes = lane === undefined ? undefined : this.makeLanes(lane, failures);
    this.lanes = lanes;
    this.guard = new DeliveryGuard(
      setup.options,
      failures,
      setup.clock,
      lanes === undefined ? undefined : (delivery) => lanes.settled(delivery),
    );
    this.failureHandler = new FailureHandler(setup, failures);
    this.ackedOnArrival = setup.options.ackMode === 'onDelivery';
  }

  /** Handlers that run now. */
  runningCount(): number {
    return this.running;
  }

  /** Deliveries that wait for a free place, or for their turn in a lane. */
  waitingCount(): number {
    return this.waiting.count() + (this.lanes?.waitingCount() ?? 0);
  }

  /** Lanes that an event is in. */
  laneCount(): number {
    return this.lanes?.laneCount() ?? 0;
  }

  /** Where the next session starts; see the driver port. */
  resumeAt(serverChanged: boolean): StartAt {
    return this.guard.resumeAt(serverChanged);
  }

  /** Takes one arrival. Never throws; called synchronously, in order, by the driver. */
  accept(message: DriverMessage): void {
    if (this.ackedOnArrival) {
      const delivery = this.guard.admitSettled(message);
      if (delivery === undefined) this.skip(message, 'handled');
      else this.admitted(delivery, 0);
      return;
    }
    // While stopping too: what runs is acked through its newest arrival, and what was handled is acked again.
    const verdict = this.guard.judge(message);
    if (verdict.action === 'skip') this.skip(message, verdict.reason, verdict.error);
    else if (this.stopped) return;
    else this.admitted(this.guard.admit(message), verdict.action === 'start' ? 0 : verdict.forMs);
  }

  /**
   * Starts nothing new from now on; what waits is left for the server to send again. What was acked on arrival would
   * not come again, so that is still handled.
   */
  stop(): void {
    this.stopped = true;
    if (this.ackedOnArrival) return;
    this.waiting.clear();
    this.lanes?.clear();
    for (const delivery of this.guard.deliveries()) {
      if (delivery.state !== 'running') this.leave(delivery);
    }
  }

  /** Resolves when no handler runs. */
  async whenIdle(): Promise<void> {
    while (this.isBusy()) await new Promise<void>((resolve) => this.idleWaiters.push(resolve));
  }

  private isBusy(): boolean {
    return this.running > 0 || (this.stopped && this.ackedOnArrival && this.waitingCount() > 0);
  }

  private makeLanes(lane: NonNullable<DeliveryPipelineSetup['options']['lane']>, failures: FailureMemory): Lanes {
    const { clock, decode, options } = this.setup;
    return new Lanes({
      ...{ lane, clock, ackWaitMs: options.ackWaitMs },
      // What a deserializer enters stays its own, as in a run.
      decode: (message) =>
        this.context.runInAsyncScope(makeDeliveryContext).runInAsyncScope(decode, undefined, message),
      ackWaitLeftMs: (delivery) => this.ackWaitLeftMs(delivery),
      failureOf: ({ sequence, timestampNs }) => failures.get(sequence, timestampNs),
      begin: (delivery, afterMs) => this.begin(delivery, afterMs),
      expire: (delivery) => this.expire(delivery),
    });
  }

  private admitted(delivery: Delivery, afterMs: number): void {
    if (this.lanes === undefined) this.begin(delivery, afterMs);
    else this.lanes.arrive(delivery, afterMs);
  }

  private begin(delivery: Delivery, afterMs: number): void {
    if (afterMs > 0) this.hold(delivery, afterMs);
    else this.enqueue(delivery);
  }

  private enqueue(delivery: Delivery): void {
    if (this.running < this.setup.options.concurrency && this.waiting.isEmpty()) this.start(delivery);
    else this.waiting.push(delivery);
  }

  private startWaiting(): void {
    // Whoever is done when it returns leaves its place to the loop that has started it.
    if (this.isStarting) return;
    this.isStarting = true;
    for (let next = this.nextToStart(); next !== undefined; next = this.nextToStart()) {
      if (this.ackWaitLeftMs(next) > 0) this.start(next);
      else this.expire(next);
    }
    this.isStarting = false;
  }

  private nextToStart(): Delivery | undefined {
    const isOver = this.stopped && !this.ackedOnArrival;
    return isOver || this.running >= this.setup.options.concurrency ? undefined : this.waiting.take();
  }

  /** It has waited here past its ack wait: the server sends it again, here or elsewhere. */
  private expire(delivery: Delivery): void {
    this.skip(delivery.message, 'expired');
    this.leave(delivery);
  }

  private start(delivery: Delivery): void {
    delivery.state = 'running';
    delivery.tries += 1;
    this.running += 1;
    delivery.startedAtMs = this.setup.hasListeners() ? this.setup.clock.nowMs() : undefined;
    this.context.runInAsyncScope(makeDeliveryContext).runInAsyncScope(this.run, undefined, delivery);
    if (delivery.message.extend !== undefined && delivery.isRunning()) this.extendWhileRunning(delivery);
  }

  /** For a broker that can be told that a handler is at work, where that is wanted. */
  private extendWhileRunning(delivery: Delivery): void {
    delivery.cancelExtending = this.setup.clock.after(this.setup.options.ackWaitMs / extensionsPerAckWait, () => {
      if (!delivery.isSettled() && delivery.message.extend?.() === true) delivery.extended(this.setup.clock.nowMs());
      this.extendWhileRunning(delivery);
    });
  }

  /**
   * Never throws. Without an async function around it, and for a handler that is done when it returns without any promise:
   * with them each delivery takes twice as long.
   */
  private readonly run = (delivery: Delivery): void => {
    let data: unknown;
    try {
      data = this.lanes === undefined ? this.setup.decode(delivery.message) : this.lanes.dataOf(delivery);
    } catch (error) {
      this.fail(delivery, error, false);
      return;
    }
    if (data instanceof Promise) void this.handleDecoded(delivery, data);
    else this.handle(delivery, data);
  };

  private async handleDecoded(delivery: Delivery, decoding: Promise<unknown>): Promise<void> {
    let data: unknown;
    try {
      data = await decoding;
    } catch (error) {
      this.fail(delivery, error, false);
      return;
    }
    this.handle(delivery, data);
  }

  private handle(delivery: Delivery, decoded: unknown): void {
    let data = decoded;
    if (data instanceof DecodedEvent) {
      delivery.headers = data.headers;
      data = data.data;
    }
    let outcome: Promise<unknown> | undefined;
    try {
      outcome = this.setup.handle(data, delivery);
    } catch (error) {
      this.fail(delivery, error, true);
      return;
    }
    // A lane gives the next event its turn when one leaves: one after the other, and not one within the other.
    if (outcome === undefined && this.lanes !== undefined) outcome = Promise.resolve();
    if (outcome === undefined) this.handled(delivery, outcome);
    else
      outcome.then(
        (value) => this.handled(delivery, value),
        (error: unknown) => this.fail(delivery, error, true),
      );
  }

  private handled(delivery: Delivery, outcome: unknown): void {
    try {
      if (this.setup.options.ackMode === 'afterHandler') delivery.ack();
      if (delivery.startedAtMs !== undefined && outcome !== 'skipped') this.emitHandled(delivery);
    } catch (error) {
      this.fail(delivery, error, true);
      return;
    }
    this.end(delivery);
  }

  private fail(delivery: Delivery, error: unknown, isDecoded: boolean): void {
    ignoreRejection(error);
    const told =
      isDecoded || isNotAboutBytes(error)
        ? this.handlerFailed(delivery, error)
        : this.failureHandler.bytesRefused(delivery, error);
    void told.then(() => this.end(delivery));
  }

  private end(delivery: Delivery): void {
    delivery.cancelExtending?.();
    this.watchAckWait(delivery);
    this.finish(delivery);
  }

  private emitHandled(delivery: Delivery): void {
    const { message, tries } = delivery;
    const timing = delivery.timingAt(this.setup.clock.nowMs());
    if (timing === undefined) return;
    const about = { ...aboutMessage(this.setup, message), isAcked: delivery.isSettled(), tries };
    this.setup.emit({ type: 'handled', ...about, deliveries: message.redeliveryCount + 1, ...timing });
  }

  private async handlerFailed(delivery: Delivery, error: unknown): Promise<void> {
    const circumstances = { ackWaitLeftMs: this.ackWaitLeftMs(delivery), mayRetryHere: !this.stopped };
    const retryInMs = await this.failureHandler.handlerFailed(delivery, error, circumstances);
    // A listener that was told of the failure may have stopped it.
    if (retryInMs !== undefined && !this.stopped) this.hold(delivery, retryInMs);
  }

  private finish(delivery: Delivery): void {
    this.running -= 1;
    if (delivery.state === 'running') this.leave(delivery);
    this.startWaiting();
    if (this.idleWaiters.length === 0 || this.isBusy()) return;
    const waiters = this.idleWaiters;
    this.idleWaiters = [];
    for (const wake of waiters) wake();
  }

  /** Takes it out of this process: it is settled, or the server will send it again. */
  private leave(delivery: Delivery): void {
    delivery.state = 'gone';
    delivery.cancelHold?.();
    this.guard.release(delivery);
    this.lanes?.left(delivery);
  }

  /** Keeps it for a later start, without a place among the running ones. */
  private hold(delivery: Delivery, forMs: number): void {
    delivery.state = 'held';
    delivery.cancelHold = this.setup.clock.after(forMs, () => {
      delivery.cancelHold = undefined;
      delivery.state = 'waiting';
      this.waiting.push(delivery);
      this.startWaiting();
    });
  }

  private ackWaitLeftMs(delivery: Delivery): number {
    if (this.ackedOnArrival) return Infinity;
    return delivery.arrivedAtMs + this.setup.options.ackWaitMs - this.setup.clock.nowMs();
  }

  /** Ack wait runs from the arrival on, not from the start of the handler. */
  private watchAckWait(delivery: Delivery): void {
    const tookMs = this.setup.clock.nowMs() - delivery.arrivedAtMs;
    if (tookMs > this.setup.options.ackWaitMs * nearAckWait) this.warnNearAckWait(delivery.message, tookMs);
  }

  private warnNearAckWait(message: DriverMessage, tookMs: number): void {
    if (this.warnedSlowHandler || this.ackedOnArrival) return;
    this.warnedSlowHandler = true;
    const timing = { tookMs: Math.round(tookMs), ackWaitMs: this.setup.options.ackWaitMs };
    this.setup.emit({ type: 'ackWaitNear', ...aboutMessage(this.setup, message), ...timing });
  }

  private skip(message: DriverMessage, reason: DeliverySkippedEvent['reason'], error?: unknown): void {
    const about = { ...aboutMessage(this.setup, message), deliveries: message.redeliveryCount + 1 };
    this.setup.emit({ type: 'deliverySkipped', ...about, reason, ...(reason === 'givenUp' && { error }) });
    // It came again while its handler runs, so its ack wait is over already.
    if (reason === 'running') this.warnNearAckWait(message, this.setup.options.ackWaitMs);
  }
}

/** One object for all: making it took as long as the resource. */
const manualDestroy = { requireManualDestroy: true };

const makeDeliveryContext = (): AsyncResource => new AsyncResource('StanDelivery', manualDestroy);

/** A listener that throws must not keep a delivery from being settled. */
function neverThrowing(emit: DeliveryPipelineSetup['emit']): DeliveryPipelineSetup['emit'] {
  return (event) => {
    try {
      emit(event);
    } catch {
      // Reported where it was caught first, as far as that was possible.
    }
  };
}

/**
 * A newer version is no bad event: another member, or the next release, knows it. And without a usable key the bytes were
 * read all the same.
 */
function isNotAboutBytes(error: unknown): boolean {
  return isError(error) && (error instanceof NewerEventVersionError || error instanceof UnusableKeyError);
}
