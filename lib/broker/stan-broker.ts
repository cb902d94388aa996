import type { Duplex } from 'node:stream';

import type { Clock } from './clock/clock.js';
import { durationToMs } from './clock/duration.js';
import type { Duration } from './clock/duration.js';
import { RealClock } from './clock/real-clock.js';
import { VirtualClock } from './clock/virtual-clock.js';
import { asError } from './errors/as-error.js';
import { BrokerOptionError } from './errors/broker-option.error.js';
import { BrokerStartError } from './errors/broker-start.error.js';
import type { BrokerEventListener } from './events/broker-event.js';
import { EventFeed } from './events/event-feed.js';
import { BrokerFaults } from './faults/broker-faults.js';
import { FaultPlan } from './faults/fault-plan.js';
import type { MonitoringServer } from './monitoring/monitoring-server.js';
import { NatsServer } from './nats/nats-server.js';
import { resolveBrokerOptions } from './options/resolve-broker-options.js';
import type { ResolvedBrokerOptions } from './options/resolve-broker-options.js';
import type { StanBrokerOptions } from './options/stan-broker.options.js';
import { settle } from './settle.js';
import { randomId } from './strings/random-id.js';
import { StreamingServer } from './streaming/streaming-server.js';

/** A restart waits this often, and this long each time, for its port to be free again. */
const restartAttempts = 40;
const restartPauseMs = 50;

interface Running {
  readonly nats: NatsServer;
  readonly streaming: StreamingServer;
}

/**
 * A STAN server in this process, with the protocol and the rules of nats-streaming-server 0.25.6: every STAN client works
 * against it, whatever its language. For development and tests; production stays on nats-streaming-server.
 * @publicApi
 */
export class StanBroker {
  /** Makes the broker fail on purpose. */
  readonly faults: BrokerFaults;
  private readonly plan = new FaultPlan();
  private readonly events: EventFeed;
  private readonly clock: Clock;
  private running: Running | undefined;
  private monitoring: MonitoringServer | undefined;
  private listeningPort: number | undefined;
  private frozen = false;
  private isClosed = false;
  /** Starts, stops and restarts wait for each other. */
  private turn: Promise<void> = Promise.resolve();

  private constructor(private readonly options: ResolvedBrokerOptions) {
    const onFailure = (thrown: unknown): void => options.logger.error(asError(thrown).stack ?? 'something failed');
    this.events = new EventFeed(onFailure);
    this.clock = options.clock === 'virtual' ? new VirtualClock(onFailure) : new RealClock(onFailure);
    this.faults = new BrokerFaults(this.plan, {
      clock: this.clock,
      forgetClient: (clientId) => this.running?.streaming.forgetClient(clientId) ?? false,
      freeze: () => this.freeze(),
      unfreeze: () => this.unfreeze(),
      cutConnections: () => this.running?.nats.cutConnections(),
    });
  }

  /**
   * Starts a broker; it serves clients when the promise resolves.
   * @throws BrokerOptionError (STAN_INVALID_OPTION)
   * @throws BrokerStartError (STAN_BROKER_START_FAILED) where a port is taken or the store belongs to another cluster.
   * @throws StoreCorruptError (STAN_BROKER_STORE_CORRUPT)
   */
  static async start(options: StanBrokerOptions = {}): Promise<StanBroker> {
    const broker = new StanBroker(resolveBrokerOptions(options));
    try {
      await broker.inTurn(() => broker.open());
      await broker.openMonitoring();
    } catch (error) {
      await broker.close();
      throw error;
    }
    return broker;
  }

  get clusterId(): string {
    return this.options.clusterId;
  }

  /** The TCP port; the same after every restart. 0 where the broker listens on none. */
  get port(): number {
    return this.listeningPort ?? 0;
  }

  /** Where NATS clients connect. */
  get url(): string {
    return `nats://${urlHost(this.options.host)}:${this.port}`;
  }

  /** Where the monitoring endpoints are; undefined where they are off. */
  get monitoringUrl(): string | undefined {
    return this.monitoring === undefined ? undefined : `http://${urlHost(this.options.host)}:${this.monitoring.port}`;
  }

  /** False after `stop()` or `close()`. */
  get isRunning(): boolean {
    return this.running !== undefined;
  }

  /** Serves one NATS connection over any duplex stream: no socket is needed. A stopped broker ends it at once. */
  handle(stream: Duplex): void {
    if (this.running !== undefined) this.running.nats.handle(stream);
    else stream.destroy();
  }

  /** Calls `listener` for everything that happens at the broker, until the function it returns is called. */
  observe(listener: BrokerEventListener): () => void {
    return this.events.listen(listener);
  }

  /**
   * Moves a virtual clock. Timers fire in their order; after each moment the broker waits until its connections are quiet,
   * so that clients in this process have seen and answered what it led to.
   * @throws BrokerOptionError (STAN_INVALID_OPTION) on a real clock, or for a span that is none.
   */
  async advance(duration: Duration): Promise<void> {
    const { clock } = this;
    if (!(clock instanceof VirtualClock)) throw new BrokerOptionError('clock', 'real', "'virtual', to be advanced");
    await clock.advance(durationToMs(duration), () => this.settle());
  }

  /** Resolves when the broker and its connections have had nothing to do for a moment. */
  async settle(): Promise<void> {
    await settle({
      activity: () => this.running?.nats.activity ?? 0,
      isBusy: () => !this.frozen && (this.running?.streaming.isBusy ?? false),
      awaitsAnswer: () =>
        !this.frozen && ((this.running?.streaming.awaitsAnswer ?? false) || (this.running?.nats.awaitsPong ?? false)),
    });
  }

  /** Goes down as if killed: connections end, what was not stored is lost, the port refuses. `restart()` brings it back. */
  async stop(): Promise<void> {
    await this.inTurn(() => this.shut());
  }

  /**
   * Goes down as if killed, if it runs, and comes back on the same port: with what its store holds, or having lost it.
   * @throws BrokerStartError (STAN_BROKER_START_FAILED) after `close()`, or where the port was taken meanwhile.
   */
  async restart(how: { readonly state: 'keep' | 'lose' } = { state: 'keep' }): Promise<void> {
    await this.inTurn(async () => {
      if (this.isClosed) throw new BrokerStartError('the broker was closed; start a new one');
      await this.shut();
      if (how.state === 'lose') await this.options.store.clear();
      await this.open();
    });
  }

  /** Ends everything for good: connections, ports, store. Idempotent. */
  async close(): Promise<void> {
    await this.inTurn(async () => {
      this.isClosed = true;
      await this.shut();
      await this.monitoring?.close();
    });
  }

  private async open(): Promise<void> {
    const { options, clock } = this;
    const nats = new NatsServer(randomId(), { ...options, clock });
    const { store, logger } = options;
    const parts = { settings: options, bus: nats.bus, store, clock, faults: this.plan, events: this.events, logger };
    const streaming = new StreamingServer(parts);
    this.running = { nats, streaming };
    try {
      await streaming.start();
      if (options.port !== false) await this.listen(nats, this.listeningPort ?? options.port);
    } catch (error) {
      await this.shut();
      throw error;
    }
    options.logger.info(`streaming server "${options.clusterId}" is ready`);
  }

  private async listen(nats: NatsServer, port: number): Promise<void> {
    // A client that tries to reconnect to a port of the ephemeral range can be given that very port for its own end.
    const attempts = this.listeningPort === undefined ? 1 : restartAttempts;
    try {
      await this.listenPatiently(nats, port, attempts);
    } catch (error) {
      const reason = asError(error).message;
      throw new BrokerStartError(`cannot listen on ${this.options.host}:${port}: ${reason}`, { cause: error });
    }
    this.listeningPort = nats.port;
  }

  private async listenPatiently(nats: NatsServer, port: number, attempts: number): Promise<void> {
    try {
      await nats.listen(port);
    } catch (error) {
      if (attempts <= 1 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      await pause(restartPauseMs);
      await this.listenPatiently(nats, port, attempts - 1);
    }
  }

  private async openMonitoring(): Promise<void> {
    const { host, monitoringPort } = this.options;
    if (monitoringPort === false) return;
    // Loaded here: a broker without it starts sooner, and most are without it.
    const { MonitoringServer } = await import('./monitoring/monitoring-server.js');
    const monitoring = new MonitoringServer(() => this.running, this.options.logger);
    try {
      await monitoring.listen(host, monitoringPort);
    } catch (error) {
      const reason = asError(error).message;
      throw new BrokerStartError(`cannot serve monitoring on ${host}:${monitoringPort}: ${reason}`, { cause: error });
    }
    this.monitoring = monitoring;
  }

  private async shut(): Promise<void> {
    const { running } = this;
    this.running = undefined;
    if (running === undefined) return;
    running.streaming.stop(); // first: what waits for the end of a freeze must not be sent any more
    await running.nats.close();
    this.thaw();
    await this.options.store.close();
  }

  private freeze(): void {
    this.frozen = true;
    this.clock.pause();
    this.running?.nats.freeze();
  }

  private unfreeze(): void {
    if (!this.frozen) return;
    this.running?.nats.unfreeze();
    this.thaw();
  }

  private thaw(): void {
    this.frozen = false;
    this.clock.resume();
  }

  private async inTurn(task: () => Promise<void>): Promise<void> {
    const result = this.turn.then(task);
    this.turn = result.catch(() => undefined); // the caller gets the failure; the next turn only waits
    await result;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function urlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
