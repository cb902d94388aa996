import { asError } from '../../errors/as-error.js';
import type { BrokerLogger } from '../../options/stan-broker.options.js';
import type { Store } from '../../store/store.js';
import type { TaskGuard } from './task-guard.js';

/** What {@link WriteBehind} needs. @internal */
export interface WriteBehindNeeds {
  readonly store: Pick<Store, 'flush'>;
  readonly guard: TaskGuard;
  readonly logger: BrokerLogger;
  readonly stopped: AbortSignal;
}

/**
 * Waits for writes to be stored for good before their requests are answered.
 * @internal
 */
export class WriteBehind {
  private flushing = 0;
  private storeFailure: Error | undefined;
  private lastFlush: Promise<void> = Promise.resolve();

  constructor(private readonly needs: WriteBehindNeeds) {}

  /** True while a flush is in progress; a virtual clock waits for it. */
  get isFlushing(): boolean {
    return this.flushing > 0;
  }

  /** Why the store cannot be trusted any more; every write is refused from then on. */
  get failure(): Error | undefined {
    return this.storeFailure;
  }

  /** Calls `done` when everything written so far is stored for good, or with the reason why it is not; in the order of the calls. */
  afterFlush(done: (failure: Error | undefined) => void): void {
    const flushed = this.storeFailure !== undefined ? undefined : this.startFlush();
    if (flushed === undefined && this.flushing === 0) {
      done(this.storeFailure);
      return;
    }
    this.flushing += 1;
    const finish = (): void => {
      this.flushing -= 1;
      if (!this.needs.stopped.aborted) this.needs.guard.run('flush', () => done(this.storeFailure));
    };
    this.lastFlush = Promise.all([flushed, this.lastFlush]).then(finish, (error: unknown) => {
      this.fail(asError(error));
      finish();
    });
  }

  private startFlush(): Promise<void> | undefined {
    try {
      return this.needs.store.flush();
    } catch (error) {
      this.fail(asError(error));
      return undefined;
    }
  }

  private fail(failure: Error): void {
    this.storeFailure ??= failure;
    this.needs.logger.error(`the store failed: ${failure.message}`);
  }
}
