import { channel, tracingChannel } from 'node:diagnostics_channel';
import type { TracingChannel } from 'node:diagnostics_channel';

import type { DeliveryEvent } from '../delivery/delivery-event.js';
import type { CountingEvent } from '../inbox/counting-event.js';
import type { DriverEvent } from '../driver/driver-event.js';
import type { HandleAbout, PublishAbout } from '../options/telemetry-options.js';

/**
 * Names of the diagnostics channels (`node:diagnostics_channel`). `publish` and `handle` are tracing channels:
 * `tracing:nestjs-stan:publish:start` and so on, with a {@link PublishAbout} and a {@link HandleAbout} as their context.
 * @publicApi
 */
export const stanChannels = {
  publish: 'nestjs-stan:publish',
  handle: 'nestjs-stan:handle',
  delivery: 'nestjs-stan:delivery',
  connection: 'nestjs-stan:connection',
} as const;

/**
 * What the channel `nestjs-stan:delivery` tells: an event of `ServerStan.on()`, and whose it is.
 * @publicApi
 */
export type ObservedDelivery = (DeliveryEvent | CountingEvent) & { readonly clientId: string };

/**
 * What the channel `nestjs-stan:connection` tells: an event of a server's or a client's connection, its states included,
 * and whose it is.
 * @publicApi
 */
export type ObservedConnection = DriverEvent & { readonly clientId: string };

/** @internal */
export const publishChannel: TracingChannel<unknown, PublishAbout> = tracingChannel(stanChannels.publish);

/** @internal */
export const handleChannel: TracingChannel<unknown, HandleAbout> = tracingChannel(stanChannels.handle);

const deliveryChannel = channel(stanChannels.delivery);
const connectionChannel = channel(stanChannels.connection);

/** @internal */
export function isDeliveryObserved(): boolean {
  return deliveryChannel.hasSubscribers;
}

/** @internal */
export function publishDeliveryEvent(event: DeliveryEvent | CountingEvent, clientId: string): void {
  if (deliveryChannel.hasSubscribers) deliveryChannel.publish({ ...event, clientId } satisfies ObservedDelivery);
}

/** @internal */
export function publishConnectionEvent(event: DriverEvent, clientId: string): void {
  if (connectionChannel.hasSubscribers) connectionChannel.publish({ ...event, clientId } satisfies ObservedConnection);
}
