import type { Clock } from '../clock/clock.js';
import type { EventFeed } from '../events/event-feed.js';
import type { FaultPlan } from '../faults/fault-plan.js';
import type { FaultTarget } from '../faults/fault-point.js';
import type { Bus } from '../nats/bus.js';
import type { BrokerLogger } from '../options/stan-broker.options.js';
import { StanEncoder } from '../protocol/encode.js';
import type { Store } from '../store/store.js';
import { StringCache } from '../strings/string-cache.js';
import type { LimitTable } from '../options/channel-limits.js';
import { randomId } from '../strings/random-id.js';

/** What the streaming server is told once, at its start. @internal */
export interface StreamingSettings {
  readonly clusterId: string;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly maxFailedHeartbeats: number;
  readonly limits: LimitTable;
}

/**
 * What all parts of the streaming server share.
 * @internal
 */
export class StreamingContext {
  /** Which run of the server this is. */
  readonly serverId = randomId();
  readonly startedMs: number;
  readonly encoder = new StanEncoder();
  /** Names of channels and ids of clients in requests, as text. */
  readonly texts = new StringCache('utf8');
  readonly stats = { inMessages: 0, inBytes: 0, outMessages: 0, outBytes: 0 };
  /** Flushes on their way; a virtual clock waits for them. */
  flushing = 0;
  /** Why the store can be trusted no more; every write is refused from then on. */
  storeFailure: Error | undefined;
  private stopped = false;
  private lastFlush: Promise<void> = Promise.resolve();

  constructor(
    readonly settings: StreamingSettings,
    readonly bus: Bus,
    readonly store: Store,
    readonly clock: Clock,
    readonly faults: FaultPlan,
    readonly events: EventFeed,
    readonly logger: BrokerLogger,
  ) {
    this.startedMs = clock.nowMs();
  }

  get isStopped(): boolean {
    return this.stopped;
  }

  stop(): void {
    this.stopped = true;
  }

  /** Sends bytes to a subject, unless a fault decides otherwise. */
  send(target: FaultTarget, subject: string, payload: Uint8Array): void {
    if (this.faults.isEmpty) {
      this.transmit(subject, payload);
      return;
    }
    const copy = Buffer.from(payload); // a fault may hold it back, and payloads are views
    this.faults.apply(target, () => this.transmit(subject, copy));
  }

  private transmit(subject: string, payload: Uint8Array): void {
    if (subject !== '') this.bus.publish({ subject, reply: undefined, payload, headerBytes: 0 });
  }

  /**
   * Calls `done` when everything written so far is stored for good, or with the reason why it is not. Calls are answered
   * in their order.
   */
  afterFlush(done: (failure: Error | undefined) => void): void {
    const flushed = this.storeFailure ? undefined : this.startFlush();
    if (!flushed && this.flushing === 0) {
      done(this.storeFailure);
      return;
    }
    this.flushing++;
    const settle = (): void => {
      this.flushing--;
      if (!this.stopped) this.guarded('flush', () => done(this.storeFailure));
    };
    this.lastFlush = Promise.all([flushed, this.lastFlush]).then(settle, (error: unknown) => {
      this.failStore(asError(error));
      settle();
    });
  }

  /** Runs a task of the server's own; what it throws is logged and reaches nobody else. */
  guarded(what: string, task: () => void): void {
    this.guardedWith(what, task, undefined);
  }

  /** The same for a task with an argument, so that what runs for every message needs no closure of its own. */
  guardedWith<T>(what: string, task: (argument: T) => void, argument: T): void {
    try {
      task(argument);
    } catch (error) {
      this.logger.error(`${what} failed: ${asError(error).stack ?? ''}`);
    }
  }

  private startFlush(): Promise<void> | undefined {
    try {
      return this.store.flush();
    } catch (error) {
      this.failStore(asError(error));
      return undefined;
    }
  }

  private failStore(failure: Error): void {
    this.storeFailure ??= failure;
    this.logger.error(`the store failed: ${failure.message}`);
  }
}

/** @internal */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
