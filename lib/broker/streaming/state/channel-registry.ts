import type { ChannelStore } from '../../store/store.js';
import { Channel } from './channel.js';
import { channelCaseText, Refusal, stanErrorTexts } from '../../protocol/stan-error-texts.js';
import type { StreamingContext } from '../streaming-context.js';

/** Record header and index entry of a message. Source: nats-streaming-server 0.25.6 stores/filestore.go msgRecordOverhead. */
const fileRecordOverheadBytes = 40;

/**
 * The channels of the server: made by the first publish or subscribe, deleted after their inactivity limit.
 * @internal
 */
export class ChannelRegistry {
  private readonly channels = new Map<string, Channel>();
  private readonly namesByLowerCase = new Map<string, string>();

  constructor(private readonly context: StreamingContext) {}

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

  /** Takes over a channel found in the store. */
  recover(store: ChannelStore): Channel {
    return this.register(store);
  }

  /** Begins to count the channel's inactivity, where it has such a limit and nobody listens. */
  watchInactivity(channel: Channel): void {
    if (channel.limits.maxInactivityMs === 0 || channel.subscriptions.hasActive) return;
    channel.lastActiveMs = this.context.clock.nowMs();
    this.armInactivityTimer(channel, channel.limits.maxInactivityMs);
  }

  stopWatching(channel: Channel): void {
    channel.inactivityTimer?.cancel();
    channel.inactivityTimer = undefined;
  }

  stop(): void {
    for (const channel of this.channels.values()) channel.stop();
  }

  private create(name: string): Channel {
    const existing = this.namesByLowerCase.get(name.toLowerCase());
    if (existing !== undefined) throw new Refusal(channelCaseText(name, existing));
    const { maxChannels } = this.context.settings.limits;
    if (maxChannels > 0 && this.channels.size >= maxChannels) throw new Refusal(stanErrorTexts.tooManyChannels);
    const channel = this.register(this.context.store.createChannel(name));
    this.watchInactivity(channel);
    this.context.logger.info(`channel "${name}" has been created`);
    if (this.context.events.isHeard) this.context.events.emit({ type: 'channelCreated', channel: name });
    return channel;
  }

  private register(store: ChannelStore): Channel {
    const { clock, settings } = this.context;
    const overheadBytes = this.context.store.type === 'FILE' ? fileRecordOverheadBytes : 0;
    const channel = new Channel(store.name, store, settings.limits.of(store.name), clock, overheadBytes);
    this.channels.set(store.name, channel);
    this.namesByLowerCase.set(store.name.toLowerCase(), store.name);
    return channel;
  }

  private armInactivityTimer(channel: Channel, delayMs: number): void {
    this.stopWatching(channel);
    channel.inactivityTimer = this.context.clock.after(delayMs, () => this.checkInactivity(channel));
  }

  private checkInactivity(channel: Channel): void {
    channel.inactivityTimer = undefined;
    if (channel.subscriptions.hasActive) return;
    const idleMs = this.context.clock.nowMs() - channel.lastActiveMs;
    const { maxInactivityMs } = channel.limits;
    // A publish that still waits to be stored keeps its channel.
    const isBusy = channel.deliverable < channel.store.messages.lastSequence;
    if (isBusy || idleMs < maxInactivityMs) {
      this.armInactivityTimer(channel, isBusy ? maxInactivityMs : maxInactivityMs - idleMs);
      return;
    }
    this.delete(channel);
  }

  private delete(channel: Channel): void {
    channel.stop();
    this.channels.delete(channel.name);
    this.namesByLowerCase.delete(channel.name.toLowerCase());
    this.context.store.deleteChannel(channel.name);
    this.context.logger.info(`channel "${channel.name}" has been deleted`);
    if (this.context.events.isHeard) this.context.events.emit({ type: 'channelDeleted', channel: channel.name });
  }
}
