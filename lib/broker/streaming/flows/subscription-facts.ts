import type { SubscriptionFacts } from '../../events/broker-event.js';
import type { Subscription } from '../state/subscription.js';

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
