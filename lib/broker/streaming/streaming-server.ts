import { BrokerStartError } from '../errors/broker-start.error.js';
import type { BusMessage } from '../nats/bus.js';
import type { RecoveredState } from '../store/store.js';
import { ChannelRegistry } from './state/channel-registry.js';
import { ClientRegistry } from './state/client-registry.js';
import { Connecting } from './flows/connecting.js';
import { Delivery } from './flows/delivery.js';
import { Heartbeats } from './flows/heartbeats.js';
import { Publishing } from './flows/publishing.js';
import { Recovery } from './flows/recovery.js';
import { Redelivery } from './flows/redelivery.js';
import { Removal } from './flows/removal.js';
import { Requester } from './flows/requester.js';
import { serverSubjects } from '../protocol/server-subjects.js';
import type { StreamingContext } from './streaming-context.js';
import { Subscribing } from './flows/subscribing.js';

/**
 * The STAN server: a set of subscriptions on the bus, and the state behind them.
 * @internal
 */
export class StreamingServer {
  readonly channels: ChannelRegistry;
  readonly clients: ClientRegistry;
  private readonly requester: Requester;
  private readonly heartbeats: Heartbeats;
  private readonly publishing: Publishing;
  private readonly subscribing: Subscribing;
  private readonly connections: Connecting;
  private readonly delivery: Delivery;
  private readonly redelivery: Redelivery;

  constructor(readonly context: StreamingContext) {
    const subjects = serverSubjects(context.settings.clusterId);
    this.channels = new ChannelRegistry(context);
    this.clients = new ClientRegistry(context);
    this.requester = new Requester(context);
    this.delivery = new Delivery(context);
    this.redelivery = new Redelivery(context, this.clients, this.delivery);
    const removal = new Removal(context, this.channels, this.redelivery);
    this.heartbeats = new Heartbeats(context, this.clients, this.requester, (client) =>
      this.connections.close(client, 'heartbeat'),
    );
    this.publishing = new Publishing(context, this.channels, this.clients, this.delivery);
    this.subscribing = new Subscribing(context, this.channels, this.clients, this.delivery, this.redelivery, removal);
    this.connections = new Connecting(context, subjects, this.clients, this.heartbeats, this.requester, removal);
  }

  /** True while something is on its way that a virtual clock has to wait for. */
  get isBusy(): boolean {
    return this.publishing.isBusy || this.context.flushing > 0;
  }

  /** True while a client has been asked something and has not answered. */
  get awaitsAnswer(): boolean {
    return this.requester.outstanding > 0;
  }

  /**
   * Opens the store, takes its state over and begins to serve.
   * @throws BrokerStartError (STAN_BROKER_START_FAILED) where the store belongs to another cluster.
   * @throws StoreCorruptError (STAN_BROKER_STORE_CORRUPT)
   */
  async start(): Promise<void> {
    const { context } = this;
    const state = await context.store.open();
    if (!state) {
      context.store.saveServer({ clusterId: context.settings.clusterId });
      await context.store.flush();
      this.listen();
      return;
    }
    this.startFrom(state);
  }

  private startFrom(state: RecoveredState): void {
    const { context } = this;
    const { clusterId } = context.settings;
    if (state.server.clusterId !== clusterId) {
      throw new BrokerStartError(
        `cluster ID "${clusterId}" does not match recovered value of "${state.server.clusterId}"`,
      );
    }
    const recovery = new Recovery(
      context,
      this.channels,
      this.clients,
      this.delivery,
      this.redelivery,
      (subscription) => this.subscribing.listenForAcks(subscription),
    );
    recovery.restore(state);
    this.listen();
    for (const client of this.clients.all()) this.heartbeats.start(client);
    recovery.redeliver();
  }

  /** Does nothing more: no answers, no timers. The store is left to its owner. */
  stop(): void {
    this.context.stop();
    this.channels.stop();
    this.clients.stop();
  }

  /** Drops a client and its subscriptions without telling it, as a server does that lost its state. */
  forgetClient(clientId: string): boolean {
    const client = this.clients.get(clientId);
    if (client) this.connections.close(client, 'fault');
    return client !== undefined;
  }

  private listen(): void {
    const subjects = serverSubjects(this.context.settings.clusterId);
    this.serve(subjects.discover, (message) => this.connections.receiveConnect(message));
    this.serve(subjects.pings, (message) => this.connections.receivePing(message));
    this.serve(`${subjects.publish}.>`, (message) => this.publishing.receive(message));
    this.serve(subjects.subscribe, (message) => this.subscribing.receiveSubscribe(message));
    this.serve(subjects.subClose, (message) => this.subscribing.receiveSubClose(message));
    this.serve(subjects.unsubscribe, (message) => this.subscribing.receiveUnsubscribe(message));
    this.serve(subjects.close, (message) => {
      // What the client published before it closes is answered before its close is.
      this.publishing.endBatch();
      this.connections.receiveClose(message);
    });
  }

  private serve(subject: string, handle: (message: BusMessage) => void): void {
    // STAN knows no headers: the server reads the data alone.
    const handleData = (message: BusMessage): void => handle(message.headerBytes === 0 ? message : dataOf(message));
    this.context.bus.subscribe({
      subject,
      queue: undefined,
      owner: undefined,
      deliver: (message) => {
        if (this.context.isStopped) return;
        this.context.guardedWith(subject, handleData, message);
      },
    });
  }
}

function dataOf(message: BusMessage): BusMessage {
  return { ...message, payload: message.payload.subarray(message.headerBytes), headerBytes: 0 };
}
