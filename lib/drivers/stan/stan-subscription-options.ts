import { StartPosition } from 'node-nats-streaming';
import type { SubscriptionOptions } from 'node-nats-streaming';

import type { DriverSubscriptionRequest } from '../../core/driver/driver.js';
import type { StartAt } from '../../core/options/subscription-options.js';

/** Fills the vendor's subscription options from a complete, validated request. */
export function toSubscriptionOptions(
  vendor: SubscriptionOptions,
  request: DriverSubscriptionRequest,
  startAt: StartAt,
): SubscriptionOptions {
  // The acks are ours in every mode: the vendor never sees the messages.
  vendor.setManualAckMode(true);
  vendor.setMaxInFlight(request.maxInFlight);
  vendor.setAckWait(request.ackWaitMs);
  if (request.durableName !== undefined) vendor.setDurableName(request.durableName);
  return setStart(vendor, startAt);
}

function setStart(vendor: SubscriptionOptions, startAt: StartAt): SubscriptionOptions {
  if (startAt === 'new') return vendor.setStartAt(StartPosition.NEW_ONLY);
  if (startAt === 'lastReceived') return vendor.setStartWithLastReceived();
  if (startAt === 'first') return vendor.setDeliverAllAvailable();
  if ('sequence' in startAt) return vendor.setStartAtSequence(startAt.sequence);
  if ('time' in startAt) return vendor.setStartTime(startAt.time);
  return vendor.setStartAtTimeDelta(Math.round(startAt.agoMs));
}
