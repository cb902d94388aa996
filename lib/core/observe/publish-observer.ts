import { systemClock } from '../clock.js';
import type { PublishReceipt } from '../options/publish-receipt.js';
import { publishChannel } from './channels.js';
import type { GuardedTelemetry } from './guarded-telemetry.js';
import type { PublishAbout } from '../options/telemetry-options.js';

/**
 * A publish has its outcome: stored, with a receipt, or not known to be, with an error.
 * @publicApi
 */
export interface PublishSettledEvent {
  readonly type: 'publishSettled';
  readonly subject: string;
  /** Of the payload; `undefined` where the event failed before there was one. */
  readonly bytes: number | undefined;
  /** From `emit()` to the outcome. */
  readonly tookMs: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly receipt?: PublishReceipt;
  readonly error?: unknown;
}

type ObservedPublishDone = (error: Error | undefined, receipt: PublishReceipt | undefined) => void;

/** @internal */
export interface PublishObserverSetup {
  readonly telemetry: GuardedTelemetry | undefined;
  /** Whether somebody listens to `publishSettled`. */
  readonly hasListeners: () => boolean;
  readonly emit: (event: PublishSettledEvent) => void;
}

/**
 * Shows publishes to whoever looks: the diagnostics channel, the telemetry that is plugged in, and listeners.
 * @internal
 */
export class PublishObserver {
  constructor(private readonly setup: PublishObserverSetup) {}

  /** Whether anybody looks; where nobody does, nothing is made for it. */
  isOn(): boolean {
    return this.setup.telemetry !== undefined || publishChannel.hasSubscribers || this.setup.hasListeners();
  }

  /**
   * Has `send` send the event, with whatever was added to the headers by then. `send` is called once, at once, and calls
   * back once with the outcome, which goes on to `done`.
   */
  observe(about: PublishAbout, send: (done: ObservedPublishDone) => void, done: ObservedPublishDone): void {
    const startedAt = systemClock.nowMs();
    const run = (): Promise<PublishReceipt | undefined> =>
      new Promise((resolve, reject) => {
        send((error, receipt) => {
          this.report(about, systemClock.nowMs() - startedAt, { error, receipt });
          // The telemetry first: a publisher that has awaited its event finds the span ended.
          if (error === undefined) resolve(receipt);
          else reject(error);
          done(error, receipt);
        });
      });
    const { telemetry } = this.setup;
    publishChannel.start.runStores(about, () => {
      if (telemetry === undefined) run().catch(() => undefined);
      else telemetry.publish(about, run);
    });
    publishChannel.end.publish(about);
  }

  private report(
    about: PublishAbout,
    tookMs: number,
    { error, receipt }: { error: Error | undefined; receipt: PublishReceipt | undefined },
  ): void {
    if (receipt !== undefined) about.receipt = receipt;
    if (error !== undefined) {
      about.error = error;
      publishChannel.error.publish(about);
    }
    publishChannel.asyncStart.publish(about);
    publishChannel.asyncEnd.publish(about);
    if (!this.setup.hasListeners()) return;
    const { subject, bytes, headers } = about;
    const outcome = { ...(receipt !== undefined && { receipt }), ...(error !== undefined && { error }) };
    this.setup.emit({ type: 'publishSettled', subject, bytes, tookMs, headers, ...outcome });
  }
}
