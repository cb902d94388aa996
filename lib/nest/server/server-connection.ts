import type { DeliveryPipeline } from '../../core/delivery/delivery-pipeline.js';
import type { Counting } from '../../core/inbox/counting.js';
import type { DriverEvent } from '../../core/driver/driver-event.js';
import type { Driver } from '../../core/driver/driver.js';
import { DrainTimeoutError } from '../../core/errors/drain-timeout.error.js';
import type { ResolvedServerOptions, ResolvedSubscriptionOptions } from '../../core/options/index.js';
import { DeadLetterOutbox } from '../../core/dead-letters/dead-letter-outbox.js';
import { isDoneWithin } from '../../core/is-done-within.js';

/** What is subscribed to: a handler, or a replay inbox. */
export interface Subscribed {
  readonly subject: string;
  /** As events and dead letters name it. */
  readonly name: string;
  readonly options: ResolvedSubscriptionOptions;
}

/**
 * What one handler has to do now. Unit of the counts: deliveries, unless said otherwise.
 * @publicApi
 */
export interface HandlerLoad {
  readonly subject: string;
  /** The handler's method, as far as it is known. */
  readonly handler: string;
  readonly queueGroup: string | undefined;
  readonly durableName: string | undefined;
  /** Outside of a queue group, where the subscription belongs to the client. */
  readonly clientId: string | undefined;
  /** How many may run at a time. */
  readonly concurrency: number;
  /** Handlers that run. */
  readonly running: number;
  /** Deliveries that wait here: for a free place, or for their turn in a lane. */
  readonly waiting: number;
  /** Lanes that hold an event or wait for a redelivery; 0 without the option `lane`. Unit: lanes. */
  readonly lanes: number;
}

/** One connection of a server with its subscriptions, from `listen()` to `close()`. */
export class ServerConnection {
  readonly outbox: DeadLetterOutbox;
  /** The gates of the handlers whose events count once, where there are any. */
  counting: Counting | undefined;
  private readonly pipelines: DeliveryPipeline[] = [];
  private readonly loads: (() => HandlerLoad)[] = [];

  constructor(
    readonly driver: Driver,
    private readonly options: ResolvedServerOptions,
    onEvent: (event: DriverEvent) => void,
  ) {
    // The own books first: what a listener does in answer must find them in order.
    this.outbox = new DeadLetterOutbox(driver, options.publish);
    driver.on(onEvent);
  }

  /** What each subscription has to do now. */
  load(): HandlerLoad[] {
    return this.loads.map((load) => load());
  }

  async subscribe({ subject, name, options }: Subscribed, pipeline: DeliveryPipeline): Promise<void> {
    this.pipelines.push(pipeline);
    const { queueGroup, durableName, startAt, ackWaitMs, maxInFlight, ackMode, concurrency } = options;
    const clientId = queueGroup === undefined ? this.options.connection.clientId : undefined;
    this.loads.push(() => ({
      ...{ subject, handler: name, queueGroup, durableName, clientId, concurrency },
      running: pipeline.runningCount(),
      waiting: pipeline.waitingCount(),
      lanes: pipeline.laneCount(),
    }));
    const request = {
      ...{ subject, queueGroup, durableName, startAt, ackWaitMs, maxInFlight },
      manualAck: ackMode !== 'onDelivery',
      resumeAt: (serverChanged: boolean) => pipeline.resumeAt(serverChanged),
    };
    await this.driver.subscribe(request, (message) => pipeline.accept(message));
  }

  /** Begins to look for parked events that are due. */
  startCounting(): void {
    this.counting?.start();
  }

  /** What a stop has to wait for. */
  pending(): { readonly runningHandlers: number; readonly publishes: number } {
    const runningHandlers = this.pipelines.reduce((sum, pipeline) => sum + pipeline.runningCount(), 0);
    return { runningHandlers, publishes: this.outbox.pendingCount() };
  }

  /**
   * Stops in order; see `ServerStan.close()`. Acks must go out before their subscription is closed: the server ignores
   * later ones. Resolves with what could not be finished in time, if anything.
   */
  async close(): Promise<DrainTimeoutError | undefined> {
    const { drainTimeoutMs } = this.options;
    for (const pipeline of this.pipelines) pipeline.stop();
    const counted = this.counting?.stop() ?? Promise.resolve();
    const idle = Promise.all([counted, ...this.pipelines.map((pipeline) => pipeline.whenIdle())]);
    const drained = await isDoneWithin(drainTimeoutMs, idle);
    const problem = drained ? undefined : this.undrained(drainTimeoutMs);
    this.outbox.close();
    await this.driver.close();
    return problem;
  }

  private undrained(timeoutMs: number): DrainTimeoutError {
    const { runningHandlers, publishes } = this.pending();
    return new DrainTimeoutError(timeoutMs, runningHandlers, publishes);
  }
}
