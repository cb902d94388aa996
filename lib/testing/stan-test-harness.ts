import type { InjectionToken } from '@nestjs/common';
import type { Duration } from '../broker/index.js';
import { StanBroker } from '../broker/index.js';
import { durationToMs } from '../broker/clock/duration.js';
import type { PublishReceipt } from '../core/publishing/index.js';
import { decoderOf } from '../core/wire/index.js';
import type { StanEmitOptions } from '../core/wire/index.js';
import { ClientStan } from '../nest/client/index.js';
import type { StanContext } from '../nest/context/stan.context.js';
import { FactLog } from './fact-log.js';
import type { FactKind, FactPredicate, HarnessFact } from './harness-fact.js';
import type { HarnessApp, StanTestHarnessOptions, WaitForFactOptions } from './harness-options.js';
import { harnessDefaults } from './harness-options.js';
import { observeBroker } from './observe-broker.js';
import { startApp } from './start-app.js';
import type { HandlerWatcher } from './watch-handlers.js';

/**
 * An app and a STAN broker of its own, for one test: events go in, facts come out, and 30 seconds pass at once.
 *
 * Every `emitted`, `handled`, … resolves with the first fact that fits, whether it has happened already or is still to
 * come, and rejects with a {@link FactMissingError} that ends with a timeline of all that did happen.
 * @publicApi
 */
export class StanTestHarness {
  private readonly emitter: ClientStan;
  private startedApp: HarnessApp | undefined;
  private closing: Promise<void> | undefined;

  private constructor(
    /** The broker, with its faults, its clock and its monitoring. */
    readonly broker: StanBroker,
    private readonly log: FactLog,
    private readonly timeoutMs: number,
  ) {
    this.emitter = new ClientStan({ clusterId: broker.clusterId, servers: broker.url, clientId: 'test-harness' });
  }

  /**
   * Starts a broker on a free port, then the app; it listens when the promise resolves. After a rejection nothing stays
   * open.
   */
  static async start(options: StanTestHarnessOptions): Promise<StanTestHarness> {
    const log = new FactLog();
    const broker = await StanBroker.start({ port: 0, clock: 'virtual', ...options.broker });
    const harness = new StanTestHarness(broker, log, options.timeoutMs ?? harnessDefaults.timeoutMs);
    const decoder = decoderOf(options.server?.deserializer);
    observeBroker(broker, log, (subject, data) => decoder.decode(subject, data));
    try {
      const connection = { broker, url: broker.url, clusterId: broker.clusterId };
      harness.startedApp = await startApp(options, connection, harness.watcher());
    } catch (error) {
      await harness.close();
      throw error;
    }
    return harness;
  }

  /** The app under test. */
  get app(): HarnessApp {
    if (this.startedApp === undefined) throw new Error('the app of this harness has not been started');
    return this.startedApp;
  }

  /** A provider of the app, in any of its modules, typed by its class. A string or symbol token needs the type: `get<Clock>(CLOCK)`. */
  get<T>(token: InjectionToken<T>): T {
    return this.app.get<T>(token, { strict: false });
  }

  /** Emits an event as another service would, with id, key and headers if given; resolves once the broker has stored it. */
  emit(subject: string, data: unknown, options?: StanEmitOptions): Promise<PublishReceipt> {
    return this.emitter.emitAsync(subject, data, options);
  }

  /** The broker has stored an event of the subject that fits. */
  emitted<T = unknown>(
    subject: string,
    predicate?: FactPredicate<T>,
    options?: WaitForFactOptions,
  ): Promise<HarnessFact<T>> {
    return this.fact('emitted', subject, predicate, options);
  }

  /** A handler of the app has finished with an event that fits, without an error. */
  handled<T = unknown>(
    subject: string,
    predicate?: FactPredicate<T>,
    options?: WaitForFactOptions,
  ): Promise<HarnessFact<T>> {
    return this.fact('handled', subject, predicate, options);
  }

  /** A handler of the app has failed with an event that fits; `fact.error` says how. */
  failed<T = unknown>(
    subject: string,
    predicate?: FactPredicate<T>,
    options?: WaitForFactOptions,
  ): Promise<HarnessFact<T>> {
    return this.fact('failed', subject, predicate, options);
  }

  /** The broker has taken an ack for an event that fits. */
  acked<T = unknown>(
    subject: string,
    predicate?: FactPredicate<T>,
    options?: WaitForFactOptions,
  ): Promise<HarnessFact<T>> {
    return this.fact('acked', subject, predicate, options);
  }

  /** The broker has sent an event that fits for the first time. */
  delivered<T = unknown>(
    subject: string,
    predicate?: FactPredicate<T>,
    options?: WaitForFactOptions,
  ): Promise<HarnessFact<T>> {
    return this.fact('delivered', subject, predicate, options);
  }

  /** The broker has sent an event that fits again; `fact.redeliveryCount` says how often by then. */
  redelivered<T = unknown>(
    subject: string,
    predicate?: FactPredicate<T>,
    options?: WaitForFactOptions,
  ): Promise<HarnessFact<T>> {
    return this.fact('redelivered', subject, predicate, options);
  }

  /** What has happened so far, oldest first; to show that something has not, after `settle()` or `advance()`. */
  facts<T = unknown>(kind: FactKind, subject: string): readonly HarnessFact<T>[] {
    return this.log.all(kind, subject) as HarnessFact<T>[];
  }

  /**
   * Moves the broker's clock: what is due is redelivered, expires, or is found dead. Resolves once the broker and its
   * connections have come to rest; handlers may still be running.
   * @throws BrokerOptionError (STAN_INVALID_OPTION) where the broker was given a real clock
   */
  async advance(duration: Duration): Promise<void> {
    const ms = durationToMs(duration);
    this.log.remark(`the clock is advanced by ${typeof duration === 'number' ? `${String(duration)} ms` : duration}`);
    this.log.clockMs += ms;
    await this.broker.advance(duration);
  }

  /** Resolves once the broker and its connections have had nothing to do for a moment. */
  settle(): Promise<void> {
    return this.broker.settle();
  }

  /** Everything that has happened, a line each: for the output of a test that fails. */
  timeline(): string {
    return this.log.timeline;
  }

  /** Closes the app, then the broker. Idempotent. */
  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async fact<T>(
    kind: FactKind,
    subject: string,
    predicate: FactPredicate<T> | undefined,
    { times = 1, timeoutMs = this.timeoutMs }: WaitForFactOptions = {},
  ): Promise<HarnessFact<T>> {
    const found = await this.log.expect({ kind, subject, predicate, times, timeoutMs });
    return found as HarnessFact<T>;
  }

  private watcher(): HandlerWatcher {
    const add = (kind: 'handled' | 'failed', data: unknown, context: StanContext, error: unknown) =>
      this.log.add({
        ...{ kind, data, error, clientId: '', queueGroup: '' },
        subject: context.getSubject(),
        sequence: context.getSequence(),
        headers: context.getHeaders(),
        redeliveryCount: context.getRedeliveryCount(),
      });
    return {
      handled: (data, context) => add('handled', data, context, undefined),
      failed: (data, context, error) => add('failed', data, context, error),
    };
  }

  private async closeAll(): Promise<void> {
    try {
      await this.startedApp?.close();
    } finally {
      await this.emitter.close();
      await this.broker.close();
    }
  }
}
