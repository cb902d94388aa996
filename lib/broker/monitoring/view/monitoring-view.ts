import type { NatsServer, NatsServerFacts } from '../../nats/nats-server.js';
import type { Channel } from '../../streaming/state/channel.js';
import type { StreamingServer } from '../../streaming/streaming-server.js';

/** The two servers of a broker that runs. @internal */
export interface RunningServers {
  readonly nats: NatsServer;
  readonly streaming: StreamingServer;
}

/**
 * What the monitoring pages read.
 * @internal
 */
export class MonitoringView {
  readonly streaming: StreamingServer;
  private readonly nats: NatsServer;

  constructor({ streaming, nats }: RunningServers) {
    this.streaming = streaming;
    this.nats = nats;
  }

  get natsFacts(): NatsServerFacts {
    return this.nats.facts;
  }

  /** The fields with which every list begins. */
  get head(): { readonly cluster_id: string; readonly server_id: string; readonly now: string } {
    const { serverId, settings } = this.streaming;
    return { cluster_id: settings.clusterId, server_id: serverId, now: this.now };
  }

  /** By the broker's clock, which may be virtual. */
  get now(): string {
    return new Date(this.nowMs).toISOString();
  }

  get nowMs(): number {
    return this.streaming.clock.nowMs();
  }

  get totals(): { readonly total_msgs: number; readonly total_bytes: number } {
    const channels = this.streaming.channels.all();
    return {
      total_msgs: channels.reduce((sum, channel) => sum + channel.messages.count, 0),
      total_bytes: channels.reduce((sum, channel) => sum + channel.bytes, 0),
    };
  }
}

/** Online subscriptions and offline durables. @internal */
export function subscriptionCount(channel: Channel): number {
  return channel.subscriptions.online().length + channel.subscriptions.offline().length;
}
