import { asError } from '../../errors/as-error.js';
import type { EventFeed } from '../../events/event-feed.js';
import type { FaultPlan } from '../../faults/fault-plan.js';
import type { BusMessage } from '../../nats/bus.js';
import { isChannelName } from '../../options/channel-name.js';
import type { BrokerLogger } from '../../options/stan-broker.options.js';
import { decodePubMsg } from '../../protocol/decode.js';
import type { StanEncoder } from '../../protocol/encode.js';
import { nowhere } from '../../protocol/messages.js';
import type { PubMsg, Span } from '../../protocol/messages.js';
import { stanErrorTexts } from '../../protocol/stan-error-texts.js';
import { tryDecode } from '../../protocol/try-decode.js';
import type { StringCache } from '../../strings/string-cache.js';
import type { Channel } from '../state/channel.js';
import type { ChannelRegistry } from '../state/channel-registry.js';
import type { ClientRegistry } from '../state/client-registry.js';
import type { Traffic } from '../state/traffic.js';
import type { Dispatch } from './dispatch.js';
import type { Outlet } from './outlet.js';
import type { TaskGuard } from './task-guard.js';
import type { WriteBehind } from './write-behind.js';

/** What {@link Publishing} needs. @internal */
export interface PublishingNeeds {
  readonly channels: ChannelRegistry;
  readonly clients: ClientRegistry;
  readonly dispatch: Dispatch;
  readonly outlet: Outlet;
  readonly writeBehind: WriteBehind;
  readonly encoder: StanEncoder;
  readonly strings: StringCache;
  readonly traffic: Traffic;
  readonly faults: FaultPlan;
  readonly events: EventFeed;
  readonly logger: BrokerLogger;
  readonly guard: TaskGuard;
  readonly stopped: AbortSignal;
}

interface Stored {
  readonly message: PubMsg;
  readonly reply: string;
  readonly channel: Channel;
  readonly sequence: number;
}

/**
 * Handles publishes: each is checked and written as it arrives; once its batch is stored for good, delivered and acknowledged.
 * @internal
 */
export class Publishing {
  private batch: Stored[] = [];

  constructor(private readonly needs: PublishingNeeds) {}

  /** True while publishes wait to be stored. */
  get isBusy(): boolean {
    return this.batch.length > 0;
  }

  receive(request: BusMessage): void {
    this.needs.traffic.countIn(request.payload.length);
    const message = this.decode(request);
    if (message === undefined) return;
    const { faults } = this.needs;
    if (faults.isEmpty) {
      this.process(message, request.reply ?? '');
      return;
    }
    const target = { point: 'publish', clientId: this.clientIdOf(message), channel: this.channelOf(message) } as const;
    faults.apply({ ...target, sequence: 0 }, () => this.process(message, request.reply ?? ''));
  }

  private decode(request: BusMessage): PubMsg | undefined {
    const message = tryDecode(decodePubMsg, request.payload);
    if (message === undefined) {
      this.needs.logger.error('received a publish that is not a PubMsg');
      const payload = this.needs.encoder.pubAck(Buffer.alloc(0), nowhere, stanErrorTexts.invalidPublishRequest);
      this.answer(payload, request.reply ?? '', '', '');
    }
    return message;
  }

  private process(message: PubMsg, reply: string): void {
    const channel = this.channelOf(message);
    if (isEmpty(message.guid) || !this.isChannel(channel) || !this.isFromKnownClient(message)) {
      this.refuse(message, reply, stanErrorTexts.invalidPublishRequest);
      return;
    }
    try {
      this.store(channel, message, reply);
    } catch (error) {
      this.refuse(message, reply, asError(error).message);
    }
  }

  /** A channel that exists has a valid name: only others are checked. */
  private isChannel(name: string): boolean {
    return this.needs.channels.get(name) !== undefined || isChannelName(name);
  }

  /** [STAN-PUB-4] A client that names its connection is known by that alone, so that a replaced one is refused. */
  private isFromKnownClient(message: PubMsg): boolean {
    if (isEmpty(message.connectionId)) return this.needs.clients.has(this.clientIdOf(message));
    return this.needs.clients.hasConnection(message.bytes, message.connectionId);
  }

  private clientIdOf({ bytes, clientId }: PubMsg): string {
    return this.needs.strings.read(bytes, clientId.start, clientId.end);
  }

  private channelOf({ bytes, subject }: PubMsg): string {
    return this.needs.strings.read(bytes, subject.start, subject.end);
  }

  private store(channelName: string, message: PubMsg, reply: string): void {
    const { faults, writeBehind, encoder, guard } = this.needs;
    const channel = this.needs.channels.getOrCreate(channelName);
    if (faults.storeRefusal !== undefined) throw new Error(faults.storeRefusal);
    if (writeBehind.failure !== undefined) throw writeBehind.failure;
    const sequence = channel.nextSequence;
    const timestampNs = channel.nextTimestampNs();
    channel.append(timestampNs, encoder.message(sequence, timestampNs, message));
    if (this.batch.push({ message, reply, channel, sequence }) === 1) {
      process.nextTick(() => guard.run('delivery', () => this.endBatch()));
    }
  }

  /** [STAN-PUB-1] All that came in one chunk from the network shares one flush; a client that closes does not wait for its end. */
  endBatch(): void {
    const { batch } = this;
    this.batch = [];
    if (this.needs.stopped.aborted || batch.length === 0) return;
    this.needs.writeBehind.afterFlush((failure) =>
      failure !== undefined ? this.refuseAll(batch, failure) : this.complete(batch),
    );
  }

  private complete(batch: readonly Stored[]): void {
    const touched = new Set<Channel>();
    for (const { channel, sequence } of batch) {
      channel.stored(sequence);
      touched.add(channel);
    }
    if (this.needs.events.hasListeners) this.report(batch);
    for (const channel of touched) {
      channel.used();
      this.needs.dispatch.announce(channel);
    }
    // [STAN-PUB-2] Publishers come after subscribers.
    for (const { message, reply, channel } of batch) this.acknowledge(message, reply, channel.name);
  }

  private acknowledge(message: PubMsg, reply: string, channel: string): void {
    const payload = this.needs.encoder.pubAck(message.bytes, message.guid, '');
    this.answer(payload, reply, this.clientIdOf(message), channel);
  }

  private report(batch: readonly Stored[]): void {
    for (const { message, channel, sequence } of batch) {
      const clientId = this.clientIdOf(message);
      const data = message.bytes.subarray(message.data.start, message.data.end);
      const reply = message.bytes.toString('utf8', message.reply.start, message.reply.end);
      this.needs.events.emit({ type: 'published', channel: channel.name, clientId, sequence, data, reply });
    }
  }

  private refuseAll(batch: readonly Stored[], failure: Error): void {
    for (const { message, reply } of batch) this.refuse(message, reply, failure.message);
  }

  private refuse(message: PubMsg, reply: string, error: string): void {
    const clientId = this.clientIdOf(message);
    const channel = this.channelOf(message);
    this.needs.logger.error(`[client ${clientId}] publish to "${channel}" refused: ${error}`);
    if (this.needs.events.hasListeners) {
      this.needs.events.emit({ type: 'publishRefused', channel, clientId, error });
    }
    this.answer(this.needs.encoder.pubAck(message.bytes, message.guid, error), reply, clientId, channel);
  }

  private answer(payload: Uint8Array, reply: string, clientId: string, channel: string): void {
    this.needs.outlet.send({ point: 'publishAck', clientId, channel, sequence: 0 }, reply, payload);
  }
}

function isEmpty({ start, end }: Span): boolean {
  return start === end;
}
