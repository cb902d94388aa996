import type { Clock } from '../../core/clock.js';
import { Backoff } from '../../core/driver/backoff.js';
import type { DriverEvent } from '../../core/driver/driver-event.js';
import type { DriverMessage, DriverSubscription, DriverSubscriptionRequest } from '../../core/driver/driver.js';
import type { StanError } from '../../core/errors/stan.error.js';
import type { ResolvedConnectionOptions } from '../../core/options/connection-options.js';
import type { StanSession } from './stan-session.js';
import { StanSubscription } from './stan-subscription.js';

/** How many subscriptions are asked for at a time: a burst of hundreds would run into the request timeout. */
const subscribeConcurrency = 16;

/** What the subscriptions need of the driver that holds the sessions. */
export interface SessionHolder {
  /** The current session once it is ready; rejects where there will be none. */
  nextSession(): Promise<StanSession>;
  isCurrent(session: StanSession): boolean;
  /** Rejects as soon as the driver is closed or has given up. */
  pause(ms: number, action: string): Promise<void>;
  emit(event: DriverEvent): void;
}

/** The open subscriptions of a driver: made in the current session, and made again in each later one. */
export class StanSubscriptions {
  private readonly open = new Set<StanSubscription>();

  constructor(
    private readonly options: ResolvedConnectionOptions,
    private readonly holder: SessionHolder,
    private readonly setup: { readonly random: () => number; readonly clock: Clock },
  ) {}

  /** See the port's `subscribe`. */
  async add(
    request: DriverSubscriptionRequest,
    onMessage: (message: DriverMessage) => void,
  ): Promise<DriverSubscription> {
    const subscription = new StanSubscription(request, onMessage, this.options, (closed, problem) => {
      this.open.delete(closed);
      if (problem !== undefined) this.holder.emit({ type: 'warning', error: problem });
    });
    this.open.add(subscription);
    const deadline = this.setup.clock.nowMs() + this.options.reconnect.firstConnectTimeoutMs;
    try {
      await this.attach(subscription, (error) => !error.retryable || this.setup.clock.nowMs() > deadline);
    } catch (error) {
      this.open.delete(subscription);
      throw error;
    }
    return subscription;
  }

  /** Re-creates all of them in a new session. Never rejects: each failed attempt is reported, and attempts end with the session. */
  async attachAll(session: StanSession): Promise<void> {
    const waiting = [...this.open];
    const attachNext = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        if (!this.holder.isCurrent(session)) return;
        if (!next.isClosed() && !next.isAttachedTo(session)) await this.attachAgain(next, session);
      }
    };
    await Promise.all(Array.from({ length: subscribeConcurrency }, attachNext));
  }

  areAttachedTo(session: StanSession): boolean {
    return [...this.open].every((subscription) => subscription.isClosed() || subscription.isAttachedTo(session));
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.open].map((subscription) => subscription.closeWithSession()));
  }

  /** In a later session: nothing is final, since it worked before; only the end of the session ends the tries. */
  private async attachAgain(subscription: StanSubscription, session: StanSession): Promise<void> {
    const isOver = (): boolean => !this.holder.isCurrent(session) || subscription.isClosed();
    // Rejects only when it is over: the session is gone, which its driver reports, or the subscription was closed.
    await this.attach(subscription, isOver).catch(() => undefined);
  }

  /** Tries with back-off, in whatever session is current, until it is made or `isFinal` finds an error so. */
  private async attach(subscription: StanSubscription, isFinal: (error: StanError) => boolean): Promise<void> {
    const backoff = new Backoff(this.options.reconnect, this.setup.random);
    for (let attempt = 1; ; attempt += 1) {
      const session = await this.holder.nextSession();
      // Closed while it waited for this session, or for its next try.
      if (subscription.isClosed()) return;
      try {
        if (!subscription.isAttachedTo(session)) await subscription.attach(session);
        return;
      } catch (caught) {
        const error = caught as StanError;
        if (isFinal(error)) throw error;
        const retryInMs = backoff.nextDelayMs();
        const { subject } = subscription.request;
        this.holder.emit({ type: 'subscribeAttemptFailed', subject, attempt, retryInMs, error });
        await this.holder.pause(retryInMs, 'subscribe');
      }
    }
  }
}
