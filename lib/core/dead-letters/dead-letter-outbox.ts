import { encodeDeadLetter } from './dead-letter.js';
import type { DeadLetter } from './dead-letter.js';
import type { Driver } from '../driver/driver.js';
import type { ResolvedPublishOptions } from '../options/index.js';
import { PublishLedger } from '../publishing/publish-ledger.js';

/** Publishes dead letters over the server's own session, with the guarantees of every publish. */
export class DeadLetterOutbox {
  private readonly ledger: PublishLedger;

  constructor(driver: Driver, options: ResolvedPublishOptions) {
    this.ledger = new PublishLedger({ driver, options });
  }

  /** Resolves once the server has stored it; rejects with a `StanError` otherwise. */
  store(subject: string, deadLetter: DeadLetter): Promise<void> {
    return new Promise((resolve, reject) => {
      this.ledger.publish(subject, encodeDeadLetter(deadLetter), {
        settle: (error) => {
          if (error === undefined) resolve();
          else reject(error);
        },
      });
    });
  }

  pendingCount(): number {
    return this.ledger.pendingCount;
  }

  close(): void {
    this.ledger.close();
  }
}
