/** Which subscription an event is about. @publicApi */
export interface SubscriptionFacts {
  readonly channel: string;
  readonly clientId: string;
  readonly subscriptionId: number;
  /** As the server names it: `group`, or `durable:group`; empty for none. */
  readonly queueGroup: string;
  /** Empty for none, and for a member of a durable queue group. */
  readonly durableName: string;
}

/**
 * Something that happened at the broker, in the order in which it happened.
 * @publicApi
 */
export type BrokerEvent =
  | { readonly type: 'clientConnected'; readonly clientId: string; readonly replaced: boolean }
  | { readonly type: 'clientRefused'; readonly clientId: string; readonly error: string }
  | {
      readonly type: 'clientClosed';
      readonly clientId: string;
      readonly reason: 'request' | 'heartbeat' | 'replaced' | 'fault';
    }
  | { readonly type: 'channelCreated'; readonly channel: string }
  | { readonly type: 'channelDeleted'; readonly channel: string }
  | {
      readonly type: 'published';
      readonly channel: string;
      readonly clientId: string;
      readonly sequence: number;
      readonly data: Uint8Array;
      /** The reply field, which the server keeps and sends on: where clients of nestjs-stan put headers. Empty for nothing. */
      readonly reply: string;
    }
  | { readonly type: 'publishRefused'; readonly channel: string; readonly clientId: string; readonly error: string }
  | ({ readonly type: 'subscribed'; readonly resumed: boolean } & SubscriptionFacts)
  | { readonly type: 'subscribeRefused'; readonly channel: string; readonly clientId: string; readonly error: string }
  | ({ readonly type: 'subscriptionClosed' | 'unsubscribed' } & SubscriptionFacts)
  | ({
      readonly type: 'delivered';
      readonly sequence: number;
      /** 0 for a first delivery. */
      readonly redeliveryCount: number;
    } & SubscriptionFacts)
  | ({ readonly type: 'acked'; readonly sequence: number } & SubscriptionFacts);

/** @publicApi */
export type BrokerEventListener = (event: BrokerEvent) => void;
