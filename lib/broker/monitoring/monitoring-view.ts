import type { LimitTable } from '../streaming/channel-limits.js';
import type { Channel } from '../streaming/channel.js';
import type { StreamingServer } from '../streaming/streaming-server.js';

/** Who the server is. */
export interface ServerFacts {
  readonly clusterId: string;
  readonly serverId: string;
  readonly startedMs: number;
}

/**
 * What the monitoring pages read.
 * @internal
 */
export class MonitoringView {
  constructor(
    readonly facts: ServerFacts,
    readonly storeType: string,
    readonly limits: LimitTable,
    readonly streaming: StreamingServer,
  ) {}

  /** The fields with which every list begins. */
  get head(): { readonly cluster_id: string; readonly server_id: string; readonly now: string } {
    return { cluster_id: this.facts.clusterId, server_id: this.facts.serverId, now: this.now };
  }

  /** By the broker's clock, which may be virtual. */
  get now(): string {
    return new Date(this.streaming.context.clock.nowMs()).toISOString();
  }

  get totals(): { readonly total_msgs: number; readonly total_bytes: number } {
    const channels = this.streaming.channels.all();
    return {
      total_msgs: channels.reduce((sum, channel) => sum + channel.store.messages.count, 0),
      total_bytes: channels.reduce((sum, channel) => sum + channel.bytes, 0),
    };
  }
}

/** Online subscriptions and offline durables. @internal */
export function subscriptionCount(channel: Channel): number {
  return channel.subscriptions.online().length + channel.subscriptions.offline().length;
}
