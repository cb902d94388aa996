/*
 * What the server says under /streaming, with the server's own field names, so that its documentation and its answers
 * in a browser read the same. Source: nats-streaming-server 0.25.6 server/monitor.go.
 */

/**
 * `/streaming/serverz`: the server as a whole. Times are ISO 8601.
 * @publicApi
 */
export interface Serverz {
  readonly cluster_id: string;
  readonly server_id: string;
  readonly version: string;
  readonly go: string;
  /** `STANDALONE`, `CLUSTERED`, `FT_ACTIVE`, `FT_STANDBY`, `FAILED`, `SHUTDOWN`; more in `StanMonitoring.isFTActive()`. */
  readonly state: string;
  /**
   * In a raft cluster `Leader`, `Follower`, `Candidate` or `Shutdown`. Only the leader serves; what a follower says of
   * clients and subscriptions lags behind, and its `pending_count` and `last_sent` are not the leader's.
   */
  readonly role?: string;
  readonly node_id?: string;
  readonly now: string;
  readonly start_time: string;
  readonly uptime: string;
  readonly clients: number;
  readonly subscriptions: number;
  readonly channels: number;
  readonly total_msgs: number;
  readonly total_bytes: number;
  readonly in_msgs: number;
  readonly in_bytes: number;
  readonly out_msgs: number;
  readonly out_bytes: number;
  readonly open_fds?: number;
  readonly max_fds?: number;
}

/**
 * Limits of one channel; ages in nanoseconds, 0 for no limit.
 * @publicApi
 */
export interface ChannelLimits {
  readonly max_msgs: number;
  readonly max_bytes: number;
  readonly max_age: number;
  readonly max_subscriptions: number;
  readonly max_inactivity: number;
}

/**
 * `/streaming/storez`: the store and its limits.
 * @publicApi
 */
export interface Storez {
  readonly cluster_id: string;
  readonly server_id: string;
  readonly now: string;
  readonly type: string;
  readonly limits: ChannelLimits & {
    readonly max_channels: number;
    readonly channels?: Readonly<Record<string, ChannelLimits>>;
  };
  readonly total_msgs: number;
  readonly total_bytes: number;
}

/**
 * One subscription, as `clientsz` and `channelsz` show it when asked for subscriptions.
 * @publicApi
 */
export interface Subscriptionz {
  readonly client_id: string;
  readonly inbox: string;
  readonly ack_inbox: string;
  readonly durable_name?: string;
  /** `durableName:queueGroup` for a durable queue group. */
  readonly queue_name?: string;
  readonly is_durable: boolean;
  /** True for a durable that nobody is subscribed to at the moment; it is kept. */
  readonly is_offline: boolean;
  readonly max_inflight: number;
  /** In seconds. */
  readonly ack_wait: number;
  readonly last_sent: number;
  readonly pending_count: number;
  readonly is_stalled: boolean;
}

/**
 * One client; `subscriptions` by channel, where asked for.
 * @publicApi
 */
export interface Clientz {
  readonly id: string;
  readonly hb_inbox: string;
  readonly subs_count: number;
  readonly subscriptions?: Readonly<Record<string, readonly Subscriptionz[]>>;
}

/**
 * One channel; `subscriptions` where asked for and where there are any.
 * @publicApi
 */
export interface Channelz {
  readonly name: string;
  readonly msgs: number;
  readonly bytes: number;
  readonly first_seq: number;
  readonly last_seq: number;
  readonly subs_count: number;
  readonly subscriptions?: readonly Subscriptionz[];
}

/**
 * One page of a list; `total` is how many there are on all pages.
 * @publicApi
 */
export interface Page {
  readonly cluster_id: string;
  readonly server_id: string;
  readonly now: string;
  readonly offset: number;
  readonly limit: number;
  readonly count: number;
  readonly total: number;
}

/**
 * `/streaming/clientsz`: one page of clients, sorted by id.
 * @publicApi
 */
export interface Clientsz extends Page {
  readonly clients: readonly Clientz[];
}

/**
 * `/streaming/channelsz`: one page of channel names, sorted; with subscriptions asked for, the channels themselves.
 * @publicApi
 */
export interface Channelsz extends Page {
  readonly names?: readonly string[];
  readonly channels?: readonly Channelz[];
}
