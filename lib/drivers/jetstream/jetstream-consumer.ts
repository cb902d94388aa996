import type { Clock } from '../../core/clock.js';
import type { DriverSubscriptionRequest } from '../../core/driver/driver.js';
import type { StartAt } from '../../core/options/subscription-options.js';
import { isMissing, isTaken, JetStreamApiError } from './jetstream-api.js';
import type { ConsumerConfig, ConsumerInfo, JetStreamApi } from './jetstream-api.js';

const nsPerMs = 1_000_000;

/** How long a consumer without a durable name outlives its last reader: a restart of the server must not cost it. */
const inactiveThresholdMs = 300_000;

/** How long the server needs to see that the ack wait of what is pending is over. */
const shortAckWaitTakesMs = 150;

/** Whose inbox its messages go to, for a consumer of one reader. */
const readerName = 'nestjs-stan.reader';

/** The stage of a migration in which a consumer must not be read from. */
const stageName = 'nestjs-stan.stage';

/** Where the consumer is, and what it is for. */
export interface ConsumerPlace {
  readonly stream: string;
  readonly consumer: string;
  readonly clientId: string;
  /** The inbox of whoever reads from it now. */
  readonly inbox: string;
}

/** How to open it. */
export interface OpenOptions {
  readonly startAt: () => StartAt;
  /** Whether what is pending is to be sent at once, for a single reader. */
  readonly wantsPendingNow: boolean;
  readonly clock: Clock;
}

/**
 * The server's side of one subscription: found, or made where it is not there. `startAt` counts only then, as in STAN.
 * Rejects with a `JetStreamApiError`.
 */
export async function openConsumer(
  api: JetStreamApi,
  place: ConsumerPlace,
  request: DriverSubscriptionRequest,
  { startAt, wantsPendingNow, clock }: OpenOptions,
): Promise<void> {
  for (let isRetried = false; ; isRetried = true) {
    try {
      const info = await api.consumerInfo(place.stream, place.consumer);
      await use({ api, place, request, clock, isHurried: wantsPendingNow && request.queueGroup === undefined }, info);
      return;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    try {
      await api.putConsumer(place.stream, configOf(place, request, startAt()), 'create');
      return;
    } catch (error) {
      // Another member of the group has just made it.
      if (!isTaken(error) || isRetried) throw error;
    }
  }
}

interface Use {
  readonly api: JetStreamApi;
  readonly place: ConsumerPlace;
  readonly request: DriverSubscriptionRequest;
  readonly isHurried: boolean;
  readonly clock: Clock;
}

async function use({ api, place, request, clock, isHurried }: Use, info: ConsumerInfo): Promise<void> {
  const { config, num_ack_pending: pendingCount } = info;
  const { stream } = place;
  const stage = config.metadata?.[stageName];
  if (stage === 'preparing') throw new JetStreamApiError('its consumer is being migrated', 503);
  const wanted = { ...limitsOf(request), metadata: { ...config.metadata, ...readerOf(place, request) } };
  const isRead = config.metadata?.[readerName] === wanted.metadata[readerName];
  const isSame = config.ack_wait === wanted.ack_wait && config.max_ack_pending === wanted.max_ack_pending;
  if (isHurried && pendingCount > 0 && !(await hasOtherReader(api, info, place.inbox))) {
    // STAN sends a reader that comes back what it has not acked at once; so does this.
    await api.putConsumer(stream, { ...config, ...wanted, ack_wait: nsPerMs }, 'update');
    await new Promise<void>((resolve) => clock.after(shortAckWaitTakesMs, resolve));
    await api.putConsumer(stream, { ...config, ...wanted }, 'update');
  } else if (!isSame || !isRead) await api.putConsumer(stream, { ...config, ...wanted }, 'update');
}

/** Another process under the same client id: what it has not acked is in its hands. */
async function hasOtherReader(
  api: JetStreamApi,
  { config, num_waiting: waitingCount }: ConsumerInfo,
  inbox: string,
): Promise<boolean> {
  const reader = config.metadata?.[readerName];
  if (reader === inbox) return false;
  const hasListener = reader === undefined ? undefined : await api.hasListener(reader);
  return hasListener ?? waitingCount > 0;
}

function readerOf({ inbox }: ConsumerPlace, { queueGroup }: DriverSubscriptionRequest): Record<string, string> {
  return queueGroup === undefined ? { [readerName]: inbox } : {};
}

function limitsOf(request: DriverSubscriptionRequest): Pick<ConsumerConfig, 'ack_wait' | 'max_ack_pending'> {
  // Each member of a group has its own limit, which it keeps itself: by what it asks for.
  const maxAckPending = request.queueGroup === undefined ? request.maxInFlight : -1;
  return { ack_wait: request.ackWaitMs * nsPerMs, max_ack_pending: maxAckPending };
}

function configOf(place: ConsumerPlace, request: DriverSubscriptionRequest, startAt: StartAt): ConsumerConfig {
  const { consumer, clientId } = place;
  const { subject, durableName, queueGroup } = request;
  return {
    durable_name: consumer,
    ...{ ack_policy: 'explicit', max_deliver: -1, filter_subject: subject },
    ...limitsOf(request),
    ...toDeliverPolicy(startAt),
    ...(durableName === undefined && { inactive_threshold: inactiveThresholdMs * nsPerMs }),
    metadata: {
      ...{ 'nestjs-stan.client': clientId, 'nestjs-stan.durable': durableName ?? '' },
      'nestjs-stan.group': queueGroup ?? '',
      ...readerOf(place, request),
    },
  };
}

function toDeliverPolicy(
  startAt: StartAt,
): Pick<ConsumerConfig, 'deliver_policy' | 'opt_start_seq' | 'opt_start_time'> {
  if (startAt === 'new') return { deliver_policy: 'new' };
  if (startAt === 'first') return { deliver_policy: 'all' };
  if (startAt === 'lastReceived') return { deliver_policy: 'last' };
  if ('sequence' in startAt) return { deliver_policy: 'by_start_sequence', opt_start_seq: startAt.sequence };
  const time = 'time' in startAt ? startAt.time : new Date(Date.now() - startAt.agoMs);
  return { deliver_policy: 'by_start_time', opt_start_time: time.toISOString() };
}
