import type { Clock } from '../clock/clock.js';
import { BrokerStartError } from '../errors/broker-start.error.js';
import type { EventFeed } from '../events/event-feed.js';
import type { FaultPlan } from '../faults/fault-plan.js';
import type { Bus, BusMessage } from '../nats/bus.js';
import type { LimitTable } from '../options/channel-limits.js';
import type { BrokerLogger } from '../options/stan-broker.options.js';
import { StanEncoder } from '../protocol/encode.js';
import { serverSubjects } from '../protocol/server-subjects.js';
import type { RecoveredState, Store } from '../store/store.js';
import { randomId } from '../strings/random-id.js';
import { StringCache } from '../strings/string-cache.js';
import { Acknowledging } from './flows/acknowledging.js';
import { Connecting } from './flows/connecting.js';
import { Dispatch } from './flows/dispatch.js';
import { Heartbeats } from './flows/heartbeats.js';
import type { HeartbeatSettings } from './flows/heartbeats.js';
import { Outlet } from './flows/outlet.js';
import { Publishing } from './flows/publishing.js';
import { Recovery } from './flows/recovery.js';
import { Removal } from './flows/removal.js';
import { Requester } from './flows/requester.js';
import { Subscribing } from './flows/subscribing.js';
import { TaskGuard } from './flows/task-guard.js';
import { WriteBehind } from './flows/write-behind.js';
import { ChannelRegistry } from './state/channel-registry.js';
import type { ChannelListener } from './state/channel-registry.js';
import { ClientRegistry } from './state/client-registry.js';
import { Traffic } from './state/traffic.js';
import type { TrafficCounts } from './state/traffic.js';

/** What the streaming server is configured with. @internal */
export interface StreamingSettings extends HeartbeatSettings {
  readonly clusterId: string;
  readonly limits: LimitTable;
}

/** What the streaming server is built on. @internal */
export interface StreamingParts {
  readonly settings: StreamingSettings;
  readonly bus: Bus;
  readonly store: Store;
  readonly clock: Clock;
  readonly faults: FaultPlan;
  readonly events: EventFeed;
  readonly logger: BrokerLogger;
}

/** The STAN server: a set of subscriptions on the bus, the flows they start, and the state behind them. @internal */
export class StreamingServer {
  /** Which run of the server this is. */
  readonly serverId = randomId();
  readonly startedMs: number;
  readonly channels: ChannelRegistry;
  readonly clients: ClientRegistry;
  readonly traffic: TrafficCounts;
  private readonly stopping = new AbortController();
  private readonly guard: TaskGuard;
  private readonly writeBehind: WriteBehind;
  private readonly requester: Requester;
  private readonly heartbeats: Heartbeats;
  private readonly publishing: Publishing;
  private readonly subscribing: Subscribing;
  private readonly connecting: Connecting;
  private readonly recovery: Recovery;

  constructor(private readonly parts: StreamingParts) {
    const { store, settings, clock, bus, faults, logger } = parts;
    this.startedMs = clock.nowMs();
    const traffic = new Traffic();
    this.traffic = traffic;
    this.channels = new ChannelRegistry(store, settings.limits, clock, channelReporter(parts));
    this.clients = new ClientRegistry(store);
    this.guard = new TaskGuard(logger);
    // Each flow takes from these what it declares to need.
    const base = {
      ...parts,
      channels: this.channels,
      clients: this.clients,
      traffic,
      guard: this.guard,
      stopped: this.stopping.signal,
      subjects: serverSubjects(settings.clusterId),
      encoder: new StanEncoder(),
      strings: new StringCache('utf8'),
      outlet: new Outlet(bus, faults),
    };
    this.writeBehind = new WriteBehind(base);
    this.requester = new Requester(base);
    const dispatch = new Dispatch(base);
    const acknowledging = new Acknowledging({ ...base, dispatch });
    const removal = new Removal({ ...base, dispatch, acknowledging });
    this.heartbeats = new Heartbeats({ ...base, requester: this.requester }, (client) =>
      this.connecting.close(client, 'heartbeat'),
    );
    const flows = {
      ...base,
      writeBehind: this.writeBehind,
      requester: this.requester,
      heartbeats: this.heartbeats,
      dispatch,
      acknowledging,
      removal,
    };
    this.publishing = new Publishing(flows);
    this.subscribing = new Subscribing(flows);
    this.connecting = new Connecting(flows);
    this.recovery = new Recovery(flows);
  }

  get settings(): StreamingSettings {
    return this.parts.settings;
  }

  get clock(): Clock {
    return this.parts.clock;
  }

  /** As the monitoring endpoints report it: `MEMORY` or `FILE`. */
  get storeType(): string {
    return this.parts.store.type;
  }

  /** True while something is in progress that a virtual clock has to wait for. */
  get isBusy(): boolean {
    return this.publishing.isBusy || this.writeBehind.isFlushing;
  }

  /** True while a client has been asked something and has not answered. */
  get awaitsAnswer(): boolean {
    return this.requester.awaitsReply;
  }

  /**
   * Opens the store, recovers the state it holds and begins to serve.
   * @throws BrokerStartError (STAN_BROKER_START_FAILED) where the store belongs to another cluster.
   * @throws StoreCorruptError (STAN_BROKER_STORE_CORRUPT)
   */
  async start(): Promise<void> {
    const { store, settings } = this.parts;
    const state = await store.open();
    if (state === undefined) {
      store.saveServer({ clusterId: settings.clusterId });
      await store.flush();
      this.listen();
      return;
    }
    this.startFrom(state);
  }

  private startFrom(state: RecoveredState): void {
    const { clusterId } = this.parts.settings;
    if (state.server.clusterId !== clusterId) {
      throw new BrokerStartError(
        `cluster ID "${clusterId}" does not match recovered value of "${state.server.clusterId}"`,
      );
    }
    this.recovery.restore(state);
    this.listen();
    for (const client of this.clients.all()) this.heartbeats.start(client);
    this.recovery.redeliver();
  }

  /** Does nothing more: no answers, no timers. The store is left to its owner. */
  stop(): void {
    this.stopping.abort();
    this.channels.stop();
    this.clients.stop();
  }

  /** Drops a client and its subscriptions without notifying it, as a server does that lost its state. */
  forgetClient(clientId: string): boolean {
    const client = this.clients.get(clientId);
    if (client !== undefined) this.connecting.close(client, 'fault');
    return client !== undefined;
  }

  private listen(): void {
    const subjects = serverSubjects(this.parts.settings.clusterId);
    this.serve(subjects.discover, (message) => this.connecting.receiveConnect(message));
    this.serve(subjects.pings, (message) => this.connecting.receivePing(message));
    this.serve(`${subjects.publish}.>`, (message) => this.publishing.receive(message));
    this.serve(subjects.subscribe, (message) => this.subscribing.receiveSubscribe(message));
    this.serve(subjects.subClose, (message) => this.subscribing.receiveSubClose(message));
    this.serve(subjects.unsubscribe, (message) => this.subscribing.receiveUnsubscribe(message));
    this.serve(subjects.close, (message) => {
      // What the client published before it closes is answered before its close is.
      this.publishing.endBatch();
      this.connecting.receiveClose(message);
    });
  }

  private serve(subject: string, handle: (message: BusMessage) => void): void {
    const { signal } = this.stopping;
    // STAN has no headers: the server reads the data alone.
    const handleData = (message: BusMessage): void => handle(message.headerBytes === 0 ? message : dataOf(message));
    this.parts.bus.subscribe({
      subject,
      queue: undefined,
      owner: undefined,
      deliver: (message) => {
        if (!signal.aborted) this.guard.runWith(subject, handleData, message);
      },
    });
  }
}

function channelReporter({ logger, events }: StreamingParts): ChannelListener {
  return {
    created: (channel) => {
      logger.info(`channel "${channel}" has been created`);
      if (events.hasListeners) events.emit({ type: 'channelCreated', channel });
    },
    deleted: (channel) => {
      logger.info(`channel "${channel}" has been deleted`);
      if (events.hasListeners) events.emit({ type: 'channelDeleted', channel });
    },
  };
}

function dataOf(message: BusMessage): BusMessage {
  return { ...message, payload: message.payload.subarray(message.headerBytes), headerBytes: 0 };
}
