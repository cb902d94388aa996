import { AsyncResource } from 'node:async_hooks';

import { AsyncSubject, Subscriber } from 'rxjs';
import type { Observer, Subscription } from 'rxjs';

import type { PublishReceipt } from '../../core/publishing/index.js';

type PartialObserver = Partial<Observer<PublishReceipt>>;

/**
 * What `emit()` returns: gives the receipt and completes, or errors, to early and late subscribers alike.
 *
 * A failure that nobody takes is reported once: when it comes nobody is subscribed, or a subscriber has no error
 * callback, for whom rxjs would throw it at the process.
 * @internal
 */
export class EmittedEvent extends AsyncSubject<PublishReceipt> {
  private isReported = false;

  constructor(private readonly reportUnhandled: (error: Error) => void) {
    super();
  }

  settle(error: Error | undefined, receipt: PublishReceipt | undefined): void {
    if (error !== undefined) {
      if (!this.observed) this.report(error);
      this.error(error);
      return;
    }
    // Without an error there is a receipt.
    if (receipt !== undefined) this.next(receipt);
    this.complete();
  }

  override subscribe(
    observerOrNext?: PartialObserver | ((receipt: PublishReceipt) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    const observer = this.withErrorCallback(toObserver(observerOrNext, error, complete));
    const subscription = super.subscribe(inContext(observer));
    // An operator's subscriber that unsubscribes ends this too.
    if (observer instanceof Subscriber) observer.add(subscription);
    return subscription;
  }

  private withErrorCallback(observer: PartialObserver): PartialObserver {
    if (typeof observer.error === 'function') return observer;
    return {
      next: (receipt) => observer.next?.(receipt),
      error: (error: unknown) => this.report(error as Error),
      complete: () => observer.complete?.(),
    };
  }

  private report(error: Error): void {
    if (this.isReported) return;
    this.isReported = true;
    this.reportUnhandled(error);
  }
}

function toObserver(
  observerOrNext: PartialObserver | ((receipt: PublishReceipt) => void) | null | undefined,
  error: ((error: unknown) => void) | null | undefined,
  complete: (() => void) | null | undefined,
): PartialObserver {
  // An operator's subscriber comes as an object: it has an error callback, and must stay the object it is.
  if (typeof observerOrNext === 'object' && observerOrNext !== null) return observerOrNext;
  return {
    ...(observerOrNext == null ? {} : { next: observerOrNext }),
    ...(error == null ? {} : { error }),
    ...(complete == null ? {} : { complete }),
  };
}

/** The outcome comes from the connection, yet a subscriber is called in the async context in which it subscribed. */
function inContext(observer: PartialObserver): PartialObserver {
  const context = new AsyncResource('StanEmittedEvent', { requireManualDestroy: true });
  return {
    next: (receipt) => context.runInAsyncScope(() => observer.next?.(receipt)),
    error: (error: unknown) => context.runInAsyncScope(() => observer.error?.(error)),
    complete: () => context.runInAsyncScope(() => observer.complete?.()),
  };
}
