import { types } from 'node:util';

import { ignoreRejection } from '../errors/describe-value.js';
import { NewerEventVersionError } from '../errors/newer-event-version.error.js';
import type { ResolvedRetryOptions, ResolvedSubscriptionOptions } from '../options/subscription-options.js';
import { isError } from '../errors/describe-error.js';

/**
 * What an error says about the next try; the framework's room knows its own exceptions.
 * @internal
 */
export interface FailureClassifier {
  /** No further try can succeed: the handler said so, or the payload failed its validation. */
  isFinal(error: unknown): boolean;
  /** The handler asks for no try before this many milliseconds. */
  retryLaterMs(error: unknown): number | undefined;
}

/** What the wait between two runs follows from. @internal */
type RetryDelays = Pick<ResolvedRetryOptions, 'delayMs' | 'maxDelayMs' | 'factor' | 'jitter'>;

/** @internal */
export interface FailedDelivery {
  readonly error: unknown;
  /** Deliveries that have failed, this one included. */
  readonly deliveries: number;
  /** Runs of the handler in this delivery. */
  readonly tries: number;
  /** Until the server sends it again. */
  readonly ackWaitLeftMs: number;
  /** False while stopping: nothing new is started. */
  readonly mayRetryHere: boolean;
}

/** @internal */
export type FailureDecision =
  | { readonly action: 'retry'; readonly afterMs: number }
  | { readonly action: 'deadLetter' }
  | { readonly action: 'giveUp' }
  | { readonly action: 'leave'; readonly notBeforeMs?: number };

/**
 * Decides what follows a failure: another run here, the dead-letter subject, or the server's redelivery.
 * @internal
 */
export class FailurePolicy {
  constructor(
    private readonly options: Pick<ResolvedSubscriptionOptions, 'retry' | 'maxDeliveries' | 'deadLetter'>,
    private readonly classifier: FailureClassifier,
    private readonly random: () => number = Math.random,
  ) {}

  decide(failed: FailedDelivery): FailureDecision {
    if (ask(() => this.classifier.isFinal(failed.error)) === true) return this.stopTrying();
    const laterMs = ask(() => this.classifier.retryLaterMs(failed.error));
    if (laterMs === undefined) {
      const afterMs = this.nextRetryMs(failed);
      if (afterMs !== undefined) return { action: 'retry', afterMs };
    }
    const { maxDeliveries } = this.options;
    if (maxDeliveries !== undefined && failed.deliveries >= maxDeliveries) return this.stopTrying();
    if (laterMs === undefined) return { action: 'leave' };
    if (failed.mayRetryHere && laterMs < failed.ackWaitLeftMs) return { action: 'retry', afterMs: laterMs };
    return { action: 'leave', notBeforeMs: laterMs };
  }

  private stopTrying(): FailureDecision {
    return this.options.deadLetter === undefined ? { action: 'giveUp' } : { action: 'deadLetter' };
  }

  private nextRetryMs(failed: FailedDelivery): number | undefined {
    const { retry } = this.options;
    if (retry === undefined || !failed.mayRetryHere || failed.tries >= retry.attempts) return undefined;
    // This process will not learn the version meanwhile.
    if (isError(failed.error) && failed.error instanceof NewerEventVersionError) return undefined;
    // Without its word there is no run here; the server still delivers again.
    if (!isYes(ask(() => retry.retryOn(failed.error)))) return undefined;
    const afterMs = retryDelayMs(retry, failed.tries, this.random);
    return afterMs < failed.ackWaitLeftMs ? afterMs : undefined;
  }
}

/** Asks a function that looks at what was thrown, and may throw over it. */
function ask<T>(question: () => T): T | undefined {
  try {
    return question();
  } catch (thrown) {
    ignoreRejection(thrown);
    return undefined;
  }
}

/** A promise is no answer: it comes too late, and its rejection must not end the process. */
function isYes(answer: unknown): boolean {
  ignoreRejection(answer);
  return !types.isPromise(answer) && Boolean(answer);
}

/**
 * The wait after the `tries`-th run of a handler.
 * @internal
 */
export function retryDelayMs(retry: RetryDelays, tries: number, random: () => number = Math.random): number {
  const full = Math.min(retry.maxDelayMs, retry.delayMs * retry.factor ** (tries - 1));
  return Math.round(full * (1 - retry.jitter * random()));
}
