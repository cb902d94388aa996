import type { Clock } from '../../clock/clock.js';
import type { LimitTable } from '../../options/channel-limits.js';
import { channelCaseText, Refusal, stanErrorTexts } from '../../protocol/stan-error-texts.js';
import type { ChannelStore, Store } from '../../store/store.js';
import { Channel } from './channel.js';

/** Record header and index entry of a message. Source: nats-streaming-server 0.25.6 stores/filestore.go msgRecordOverhead. */
const fileRecordOverheadBytes = 40;

/** Notified when a channel comes into being or goes. @internal */
export interface ChannelListener {
  created(channel: string): void;
  deleted(channel: string): void;
}

/**
 * The channels of the server: made by the first publish or subscribe, deleted after their inactivity limit.
 * @internal
 */
export class ChannelRegistry {
  private readonly channels = new Map<string, Channel>();
  private readonly namesByLowerCase = new Map<string, string>();

  constructor(
    private readonly store: Pick<Store, 'type' | 'createChannel' | 'deleteChannel'>,
    private readonly limits: LimitTable,
    private readonly clock: Clock,
    private readonly listener: ChannelListener,
  ) {}

  get count(): number {
    return this.channels.size;
  }

  get(name: string): Channel | undefined {
    return this.channels.get(name);
  }

  all(): Channel[] {
    return [...this.channels.values()];
  }

  /** @throws Refusal with the server's text where the channel may not be made. */
  getOrCreate(name: string): Channel {
    return this.channels.get(name) ?? this.create(name);
  }

  /** Adds a channel that was found in the store. */
  recover(store: ChannelStore): Channel {
    return this.register(store);
  }

  stop(): void {
    for (const channel of this.channels.values()) channel.stop();
  }

  private create(name: string): Channel {
    const existing = this.namesByLowerCase.get(name.toLowerCase());
    if (existing !== undefined) throw new Refusal(channelCaseText(name, existing));
    const { maxChannels } = this.limits;
    if (maxChannels > 0 && this.channels.size >= maxChannels) throw new Refusal(stanErrorTexts.tooManyChannels);
    const channel = this.register(this.store.createChannel(name));
    channel.watchInactivity();
    this.listener.created(name);
    return channel;
  }

  private register(store: ChannelStore): Channel {
    const channel = new Channel(store, {
      clock: this.clock,
      limits: this.limits.of(store.name),
      messageOverheadBytes: this.store.type === 'FILE' ? fileRecordOverheadBytes : 0,
      onUnused: (unused) => this.delete(unused),
    });
    this.channels.set(store.name, channel);
    this.namesByLowerCase.set(store.name.toLowerCase(), store.name);
    return channel;
  }

  private delete(channel: Channel): void {
    channel.stop();
    this.channels.delete(channel.name);
    this.namesByLowerCase.delete(channel.name.toLowerCase());
    this.store.deleteChannel(channel.name);
    this.listener.deleted(channel.name);
  }
}
