import { StanError } from './stan.error.js';

/**
 * What is known about a publish that ran out of time.
 * @publicApi
 */
export interface PublishTimeoutFacts {
  readonly subject: string;
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly mayBeStored: boolean;
}

/**
 * The server did not acknowledge an event in time. Where `mayBeStored` is true, publishing it again may double it.
 * @publicApi
 */
export class PublishTimeoutError extends StanError {
  readonly code = 'STAN_PUBLISH_TIMEOUT';
  override readonly retryable = true;

  readonly subject: string;
  readonly timeoutMs: number;
  /** How often it was sent: 0 where it never left this process. */
  readonly attempts: number;
  /** False where it certainly is not stored. */
  readonly mayBeStored: boolean;

  constructor(facts: PublishTimeoutFacts, options?: ErrorOptions) {
    const { subject, timeoutMs, attempts, mayBeStored } = facts;
    const advice = mayBeStored
      ? 'it may be stored, so publish it again only if its handlers tolerate duplicates'
      : 'it is not stored and can be published again';
    super(
      `no ack for the event on "${subject}" within ${String(timeoutMs)} ms (sent ${String(attempts)} times); ${advice}`,
      options,
    );
    this.subject = subject;
    this.timeoutMs = timeoutMs;
    this.attempts = attempts;
    this.mayBeStored = mayBeStored;
  }
}
