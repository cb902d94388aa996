import type { BusMessage } from '../../nats/bus.js';
import { decodePubMsg } from '../../protocol/decode.js';
import { nowhere, type PubMsg, type Span } from '../../protocol/messages.js';
import type { Channel } from '../state/channel.js';
import { isChannelName } from '../../options/channel-name.js';
import type { ChannelRegistry } from '../state/channel-registry.js';
import type { ClientRegistry } from '../state/client-registry.js';
import type { Delivery } from './delivery.js';
import { stanErrorTexts } from '../../protocol/stan-error-texts.js';
import { asError, type StreamingContext } from '../streaming-context.js';

interface Stored {
  readonly message: PubMsg;
  readonly reply: string;
  readonly channel: Channel;
  readonly sequence: number;
}

/**
 * The way of a publish: checked and stored as it comes, and once a batch is stored for good, delivered and acknowledged.
 * @internal
 */
export class Publishing {
  private batch: Stored[] = [];

  constructor(
    private readonly context: StreamingContext,
    private readonly channels: ChannelRegistry,
    private readonly clients: ClientRegistry,
    private readonly delivery: Delivery,
  ) {}

  /** True while publishes wait to be stored. */
  get isBusy(): boolean {
    return this.batch.length > 0;
  }

  receive(request: BusMessage): void {
    this.context.stats.inMessages++;
    this.context.stats.inBytes += request.payload.length;
    const message = this.decode(request);
    if (!message) return;
    const { faults } = this.context;
    if (faults.isEmpty) {
      this.process(message, request.reply ?? '');
      return;
    }
    const target = { point: 'publish', clientId: this.clientIdOf(message), channel: this.channelOf(message) } as const;
    faults.apply({ ...target, sequence: 0 }, () => this.process(message, request.reply ?? ''));
  }

  private decode(request: BusMessage): PubMsg | undefined {
    try {
      return decodePubMsg(request.payload as Buffer);
    } catch {
      this.context.logger.error('received a publish that is no PubMsg');
      const payload = this.context.encoder.pubAck(Buffer.alloc(0), nowhere, stanErrorTexts.invalidPublishRequest);
      this.answer(payload, request.reply ?? '', '', '');
      return undefined;
    }
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

  /** A channel that exists has a legal name: the check is for those that do not. */
  private isChannel(name: string): boolean {
    return this.channels.get(name) !== undefined || isChannelName(name);
  }

  /** [STAN-PUB-4] A client that names its connection is known by that alone, so that a replaced one is refused. */
  private isFromKnownClient(message: PubMsg): boolean {
    if (isEmpty(message.connectionId)) return this.clients.has(this.clientIdOf(message));
    return this.clients.hasConnection(message.bytes, message.connectionId);
  }

  private clientIdOf({ bytes, clientId }: PubMsg): string {
    return this.context.texts.read(bytes, clientId.start, clientId.end);
  }

  private channelOf({ bytes, subject }: PubMsg): string {
    return this.context.texts.read(bytes, subject.start, subject.end);
  }

  private store(channelName: string, message: PubMsg, reply: string): void {
    const { faults, storeFailure, encoder } = this.context;
    const channel = this.channels.getOrCreate(channelName);
    if (faults.storeRefusal !== undefined) throw new Error(faults.storeRefusal);
    if (storeFailure) throw storeFailure;
    const sequence = channel.nextSequence;
    const timestampNs = channel.nextTimestampNs();
    channel.append(timestampNs, encoder.message(sequence, timestampNs, message));
    if (this.batch.push({ message, reply, channel, sequence }) === 1)
      process.nextTick(() => this.context.guarded('delivery', () => this.endBatch()));
  }

  /** [STAN-PUB-1] All that came in one chunk from the network shares one flush; a client that closes does not wait for its end. */
  endBatch(): void {
    const { batch } = this;
    this.batch = [];
    if (this.context.isStopped || batch.length === 0) return;
    this.context.afterFlush((failure) => (failure ? this.refuseAll(batch, failure) : this.complete(batch)));
  }

  private complete(batch: readonly Stored[]): void {
    const touched = new Set<Channel>();
    for (const { channel, sequence } of batch) {
      if (sequence > channel.deliverable) channel.deliverable = sequence;
      touched.add(channel);
    }
    if (this.context.events.isHeard) this.report(batch);
    for (const channel of touched) {
      channel.lastActiveMs = this.context.clock.nowMs();
      this.delivery.announce(channel);
    }
    // [STAN-PUB-2] Publishers come after subscribers.
    for (const { message, reply, channel } of batch) this.acknowledge(message, reply, channel.name);
  }

  private acknowledge(message: PubMsg, reply: string, channel: string): void {
    const payload = this.context.encoder.pubAck(message.bytes, message.guid, '');
    this.answer(payload, reply, this.clientIdOf(message), channel);
  }

  private report(batch: readonly Stored[]): void {
    for (const { message, channel, sequence } of batch) {
      const clientId = this.clientIdOf(message);
      const data = message.bytes.subarray(message.data.start, message.data.end);
      const reply = message.bytes.toString('utf8', message.reply.start, message.reply.end);
      this.context.events.emit({ type: 'published', channel: channel.name, clientId, sequence, data, reply });
    }
  }

  private refuseAll(batch: readonly Stored[], failure: Error): void {
    for (const { message, reply } of batch) this.refuse(message, reply, failure.message);
  }

  private refuse(message: PubMsg, reply: string, error: string): void {
    const clientId = this.clientIdOf(message);
    const channel = this.channelOf(message);
    this.context.logger.error(`[client ${clientId}] publish to "${channel}" refused: ${error}`);
    if (this.context.events.isHeard) {
      this.context.events.emit({ type: 'publishRefused', channel, clientId, error });
    }
    this.answer(this.context.encoder.pubAck(message.bytes, message.guid, error), reply, clientId, channel);
  }

  private answer(payload: Uint8Array, reply: string, clientId: string, channel: string): void {
    this.context.send({ point: 'publishAck', clientId, channel, sequence: 0 }, reply, payload);
  }
}

function isEmpty({ start, end }: Span): boolean {
  return start === end;
}
