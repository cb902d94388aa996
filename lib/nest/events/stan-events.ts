import type { DeliveryEvent } from '../../core/delivery/delivery-event.js';
import type { CountingEvent } from '../../core/inbox/counting-event.js';
import type { DriverEvent } from '../../core/driver/driver-event.js';
import type { EventNames } from './event-names.js';

/** One callback type per event, by the event's `type`. A type alias, since Nest demands an index signature. */
export type CallbacksOf<Event extends { readonly type: string }> = {
  readonly [Type in Event['type']]: (event: Extract<Event, { readonly type: Type }>) => void;
};

/**
 * What happens to a connection; the status itself is on Nest's `status` observable.
 * @publicApi
 */
export type StanConnectionEvent = Exclude<DriverEvent, { readonly type: 'status' }>;

/**
 * The events of `ServerStan.on()`.
 * @publicApi
 */
export type StanServerEvents = CallbacksOf<StanConnectionEvent | DeliveryEvent | CountingEvent>;

/** @internal */
export const connectionEventNames: EventNames<CallbacksOf<StanConnectionEvent>> = {
  connectAttemptFailed: true,
  transportLost: true,
  transportRestored: true,
  serverSilent: true,
  serverAnswered: true,
  sessionLost: true,
  sessionRestored: true,
  subscribeAttemptFailed: true,
  gaveUp: true,
  warning: true,
};

/** @internal */
export const serverEventNames: EventNames<StanServerEvents> = {
  ...connectionEventNames,
  handled: true,
  handlerError: true,
  deadLettered: true,
  deadLetterFailed: true,
  undecodable: true,
  ackWaitNear: true,
  deliverySkipped: true,
  parked: true,
  unparked: true,
  gapOpen: true,
};
