import type { HandleAbout, HandleOutcome, PublishAbout, StanTelemetry } from '../options/telemetry-options.js';

/**
 * The telemetry that a user has plugged in, kept from disturbing what it looks at: what it throws is reported, and what it
 * wraps runs exactly once, whatever it does.
 * @internal
 */
export class GuardedTelemetry {
  constructor(
    private readonly telemetry: StanTelemetry,
    private readonly onError: (error: unknown) => void,
  ) {}

  publish(about: PublishAbout, run: () => Promise<unknown>): void {
    const outcome = this.around(run, (once) => this.telemetry.publish(about, about.headers, once));
    // It is told to the publisher by a callback.
    outcome.catch(() => undefined);
  }

  handle(about: HandleAbout, run: () => Promise<void>): Promise<void> {
    return this.around(run, (once) => this.telemetry.handle(about, about.headers, once));
  }

  settled(about: HandleAbout, outcome: HandleOutcome): void {
    try {
      this.telemetry.settled?.(about, outcome);
    } catch (error) {
      this.onError(error);
    }
  }

  /** What `wrap` returns is not used: the outcome is that of `run`. */
  private around<T>(run: () => Promise<T>, wrap: (once: () => Promise<T>) => unknown): Promise<T> {
    let outcome: Promise<T> | undefined;
    const once = (): Promise<T> => (outcome ??= run());
    try {
      const wrapped = wrap(once);
      // The failure of the run is told elsewhere; its own would otherwise be one that nobody handles.
      if (wrapped instanceof Promise) wrapped.catch(() => undefined);
    } catch (error) {
      this.onError(error);
    }
    return once();
  }
}
