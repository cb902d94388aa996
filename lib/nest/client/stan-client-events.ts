import type { EventNames } from '../events/event-names.js';
import { connectionEventNames } from '../events/stan-events.js';
import type { PublishSettledEvent } from '../../core/observe/index.js';
import type { CallbacksOf, StanConnectionEvent } from '../events/stan-events.js';

/**
 * An event that was emitted is not known to be stored, and nobody else was told: no subscriber with an error callback.
 * @publicApi
 */
export interface PublishErrorEvent {
  readonly type: 'publishError';
  /** The pattern as it was given to `emit()`. */
  readonly pattern: unknown;
  /** The data as it was given to `emit()`. */
  readonly data: unknown;
  /** A `StanError`, or whatever a dispatch hook threw. */
  readonly error: Error;
}

/**
 * The events of `ClientStan.on()`.
 * @publicApi
 */
export type StanClientEvents = CallbacksOf<StanConnectionEvent | PublishErrorEvent | PublishSettledEvent>;

/** @internal */
export const clientEventNames: EventNames<StanClientEvents> = {
  ...connectionEventNames,
  publishError: true,
  publishSettled: true,
};
