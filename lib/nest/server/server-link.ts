import type { DeliveryPipeline } from '../../core/delivery/delivery-pipeline.js';
import type { DriverEvent } from '../../core/driver/driver-event.js';
import type { Driver } from '../../core/driver/driver.js';
import { DrainTimeoutError } from '../../core/errors/drain-timeout.error.js';
import type { ResolvedServerOptions, ResolvedSubscriptionOptions } from '../../core/options/index.js';
import { DeadLetterOutbox } from './dead-letter-outbox.js';
import { within } from './within.js';

/** What is subscribed to: a handler, or a replay inbox. */
export interface Subscribed {
  readonly subject: string;
  readonly options: ResolvedSubscriptionOptions;
}

/** One connection of a server with its subscriptions, from `listen()` to `close()`. */
export class ServerLink {
  readonly outbox: DeadLetterOutbox;
  private readonly pipelines: DeliveryPipeline[] = [];

  constructor(
    readonly driver: Driver,
    private readonly options: ResolvedServerOptions,
    onEvent: (event: DriverEvent) => void,
  ) {
    driver.on(onEvent);
    this.outbox = new DeadLetterOutbox(driver, options.publish, options.connection.clientId);
  }

  async subscribe({ subject, options }: Subscribed, pipeline: DeliveryPipeline): Promise<void> {
    this.pipelines.push(pipeline);
    const { queueGroup, durableName, startAt, ackWaitMs, maxInFlight, ackMode } = options;
    const request = {
      ...{ subject, queueGroup, durableName, startAt, ackWaitMs, maxInFlight },
      manualAck: ackMode !== 'onDelivery',
      resumeAt: (serverChanged: boolean) => pipeline.resumeAt(serverChanged),
    };
    await this.driver.subscribe(request, (message) => pipeline.accept(message));
  }

  /**
   * Stops in order; see `ServerStan.close()`. Acks must go out before their subscription is closed: the server ignores
   * later ones. Resolves with what could not be finished in time, if anything.
   */
  async close(): Promise<DrainTimeoutError | undefined> {
    const { drainTimeoutMs } = this.options;
    for (const pipeline of this.pipelines) pipeline.stop();
    const drained = await within(drainTimeoutMs, Promise.all(this.pipelines.map((pipeline) => pipeline.whenIdle())));
    const problem = drained ? undefined : this.undrained(drainTimeoutMs);
    this.outbox.close();
    await this.driver.close();
    return problem;
  }

  private undrained(timeoutMs: number): DrainTimeoutError {
    const running = this.pipelines.reduce((sum, pipeline) => sum + pipeline.runningCount(), 0);
    return new DrainTimeoutError(timeoutMs, running, this.outbox.pendingCount());
  }
}
