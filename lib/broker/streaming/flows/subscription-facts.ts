import type { Subscription } from '../state/subscription.js';

/** What an event says about a subscription. @internal */
export interface SubscriptionFacts {
  readonly channel: string;
  readonly clientId: string;
  readonly subscriptionId: number;
  readonly queueGroup: string;
  readonly durableName: string;
}

/** @internal */
export function factsOf(subscription: Subscription): SubscriptionFacts {
  return {
    channel: subscription.channel,
    clientId: subscription.ownerId,
    subscriptionId: subscription.id,
    queueGroup: subscription.queueGroup,
    durableName: subscription.durableName,
  };
}
