import type { Subscription } from '../../streaming/state/subscription.js';

/** One subscription, with the field names of the real server. @internal */
export function subscriptionz(subscription: Subscription): object {
  const { durableName, queueGroup, isOffline } = subscription;
  return {
    client_id: subscription.ownerId,
    inbox: subscription.inbox,
    ack_inbox: subscription.ackInbox,
    ...(durableName !== '' && { durable_name: durableName }),
    ...(queueGroup !== '' && { queue_name: queueGroup }),
    is_durable: subscription.isDurable,
    is_offline: isOffline,
    max_inflight: subscription.maxInFlight,
    ack_wait: subscription.ackWaitSecs,
    last_sent: subscription.lastSent,
    pending_count: subscription.pendingCount,
    is_stalled: subscription.isStalled,
  };
}
