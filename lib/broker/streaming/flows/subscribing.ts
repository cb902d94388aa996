import { asError } from '../../errors/as-error.js';
import type { Clock } from '../../clock/clock.js';
import type { EventFeed } from '../../events/event-feed.js';
import type { BusMessage } from '../../nats/bus.js';
import { fitsProtocolLine } from '../../nats/subject.js';
import { isChannelName } from '../../options/channel-name.js';
import type { BrokerLogger } from '../../options/stan-broker.options.js';
import { decodeSubscriptionRequest, decodeUnsubscribeRequest } from '../../protocol/decode.js';
import type { StanEncoder } from '../../protocol/encode.js';
import { startPositions } from '../../protocol/messages.js';
import type { SubscriptionRequest } from '../../protocol/messages.js';
import { Refusal, stanErrorTexts } from '../../protocol/stan-error-texts.js';
import { tryDecode } from '../../protocol/try-decode.js';
import { newInbox } from '../../strings/random-id.js';
import type { Channel } from '../state/channel.js';
import type { ChannelRegistry } from '../state/channel-registry.js';
import type { ClientRegistry } from '../state/client-registry.js';
import { lastSentAtStart } from '../state/start-position.js';
import { durableKeyOf } from '../state/subscription.js';
import type { Subscription, SubscriptionSettings } from '../state/subscription.js';
import type { Acknowledging } from './acknowledging.js';
import type { Dispatch } from './dispatch.js';
import type { Outlet } from './outlet.js';
import type { Removal } from './removal.js';
import { factsOf } from './subscription-facts.js';
import type { WriteBehind } from './write-behind.js';

/** What {@link Subscribing} needs. @internal */
export interface SubscribingNeeds {
  readonly channels: ChannelRegistry;
  readonly clients: ClientRegistry;
  readonly dispatch: Dispatch;
  readonly acknowledging: Acknowledging;
  readonly removal: Removal;
  readonly outlet: Outlet;
  readonly writeBehind: WriteBehind;
  readonly encoder: StanEncoder;
  readonly clock: Clock;
  readonly events: EventFeed;
  readonly logger: BrokerLogger;
}

/**
 * Makes subscriptions, resumes durables, and ends both.
 * @internal
 */
export class Subscribing {
  constructor(private readonly needs: SubscribingNeeds) {}

  receiveSubscribe(message: BusMessage): void {
    const reply = message.reply ?? '';
    const request = tryDecode(decodeSubscriptionRequest, message.payload);
    if (request === undefined || (request.inbox !== '' && !fitsProtocolLine(request.inbox))) {
      this.refuse(reply, request, stanErrorTexts.invalidSubscriptionRequest);
      return;
    }
    const fault = this.faultOf(request);
    if (fault !== undefined) {
      this.refuse(reply, request, fault);
      return;
    }
    let channel: Channel | undefined;
    try {
      channel = this.needs.channels.getOrCreate(request.subject);
      channel.stopWatchingInactivity();
      this.subscribe(channel, request, reply);
    } catch (error) {
      channel?.watchInactivity();
      this.refuse(reply, request, asError(error).message);
    }
  }

  /** The server's own order of checks: a request with several faults is refused for the first. */
  private faultOf(request: SubscriptionRequest): string | undefined {
    if (request.clientId === '') return stanErrorTexts.missingClient;
    if (request.ackWaitSecs <= 0) return stanErrorTexts.invalidAckWait;
    if (request.maxInFlight <= 0) return stanErrorTexts.invalidMaxInFlight;
    if (request.startPosition < startPositions.newOnly || request.startPosition > startPositions.first) {
      return stanErrorTexts.invalidStart;
    }
    if (!isChannelName(request.subject)) return stanErrorTexts.invalidSubject;
    if (!this.needs.clients.has(request.clientId)) return stanErrorTexts.unknownClient;
    return undefined;
  }

  /** @throws Refusal */
  private subscribe(channel: Channel, request: SubscriptionRequest, reply: string): void {
    const isQueue = request.queueGroup !== '';
    if (isQueue && request.durableName.includes(':')) throw new Refusal(stanErrorTexts.invalidDurableName);
    const known = isQueue ? wakeGroup(channel, request) : this.offlineDurable(channel, request);
    if (known !== undefined) this.resume(channel, known, request);
    const subscription = known ?? this.create(channel, request);
    this.needs.clients.addSubscription(request.clientId, subscription);
    this.needs.acknowledging.listen(channel, subscription);
    this.needs.writeBehind.afterFlush((failure) => {
      if (failure !== undefined) this.refuse(reply, request, failure.message);
      else this.begin(channel, subscription, reply, known !== undefined);
    });
  }

  private offlineDurable(channel: Channel, request: SubscriptionRequest): Subscription | undefined {
    if (request.durableName === '') return undefined;
    const key = durableKeyOf(request.clientId, channel.name, request.durableName);
    const durable = channel.subscriptions.durable(key);
    if (durable !== undefined && !durable.isOffline) throw new Refusal(stanErrorTexts.duplicateDurable);
    return durable;
  }

  private create(channel: Channel, request: SubscriptionRequest): Subscription {
    const { subscriptions, limits } = channel;
    if (limits.maxSubscriptions > 0 && subscriptions.count >= limits.maxSubscriptions) {
      throw new Refusal(stanErrorTexts.tooManySubscriptions);
    }
    const queueGroup = groupNameOf(request);
    const joinsGroup = queueGroup !== '' && subscriptions.groups.has(queueGroup);
    return subscriptions.create({
      ...settingsOf(request),
      queueGroup,
      durableName: queueGroup === '' ? request.durableName : '',
      lastSent: joinsGroup ? 0 : lastSentAtStart(channel.messages, request, this.needs.clock),
      isDurable: request.durableName !== '',
    });
  }

  /** [STAN-DUR-4] A durable comes back: with new inboxes and settings, from where it was; its start position does not matter. */
  private resume(channel: Channel, subscription: Subscription, request: SubscriptionRequest): void {
    subscription.resume(settingsOf(request));
    if (subscription.pendingCount > 0) {
      this.needs.dispatch.setAckTimer(channel, subscription, subscription.ackWaitMs);
    }
    channel.subscriptions.resume(subscription);
  }

  /** [STAN-SUB-6] Answers the subscriber, and only then sends messages. */
  private begin(channel: Channel, subscription: Subscription, reply: string, resumed: boolean): void {
    const { events, encoder, outlet, dispatch } = this.needs;
    const { clientId } = subscription;
    if (events.hasListeners) events.emit({ type: 'subscribed', resumed, ...factsOf(subscription) });
    const payload = encoder.subscriptionResponse(subscription.ackInbox, '');
    outlet.send({ point: 'subscribeResponse', clientId, channel: channel.name, sequence: 0 }, reply, payload);
    subscription.start();
    if (subscription.isDurable) dispatch.redeliverAll(channel, subscription);
    dispatch.sendAvailable(channel, subscription);
  }

  private refuse(reply: string, request: SubscriptionRequest | undefined, error: string): void {
    const clientId = request?.clientId ?? '';
    const channel = request?.subject ?? '';
    this.needs.logger.error(`[client ${clientId}] subscription to "${channel}" refused: ${error}`);
    if (this.needs.events.hasListeners) this.needs.events.emit({ type: 'subscribeRefused', channel, clientId, error });
    const payload = this.needs.encoder.subscriptionResponse('', error);
    this.needs.outlet.send({ point: 'subscribeResponse', clientId, channel, sequence: 0 }, reply, payload);
  }

  receiveUnsubscribe(message: BusMessage): void {
    this.end(message, true);
  }

  receiveSubClose(message: BusMessage): void {
    this.end(message, false);
  }

  private end(message: BusMessage, unsubscribe: boolean): void {
    const answer = (error: string, clientId = '', channel = ''): void => {
      const payload = this.needs.encoder.subscriptionResponse('', error);
      const target = { point: 'unsubscribeResponse', clientId, channel, sequence: 0 } as const;
      this.needs.outlet.send(target, message.reply ?? '', payload);
    };
    const request = tryDecode(decodeUnsubscribeRequest, message.payload);
    if (request === undefined) {
      answer(stanErrorTexts.invalidUnsubscribeRequest);
      return;
    }
    const { clientId, subject } = request;
    const channel = this.needs.channels.get(subject);
    if (channel === undefined) {
      answer(stanErrorTexts.unknownChannel, clientId, subject);
      return;
    }
    const subscription = channel.subscriptions.find(request.inbox);
    if (subscription === undefined) {
      answer(stanErrorTexts.invalidSubscription, clientId, subject);
      return;
    }
    if (!this.needs.clients.removeSubscription(clientId, subscription)) {
      answer(stanErrorTexts.unknownClient, clientId, subject);
      return;
    }
    this.needs.removal.remove(subscription, unsubscribe);
    if (this.needs.events.hasListeners) {
      const type = unsubscribe ? 'unsubscribed' : 'subscriptionClosed';
      this.needs.events.emit({ type, ...factsOf(subscription) });
    }
    this.needs.writeBehind.afterFlush((failure) => answer(failure?.message ?? '', clientId, subject));
  }
}

function groupNameOf(request: SubscriptionRequest): string {
  const { queueGroup, durableName } = request;
  return queueGroup === '' || durableName === '' ? queueGroup : `${durableName}:${queueGroup}`;
}

/** [STAN-QUEUE-4] */
function wakeGroup(channel: Channel, request: SubscriptionRequest): Subscription | undefined {
  return channel.subscriptions.groups.get(groupNameOf(request))?.wake();
}

function settingsOf({ clientId, inbox, maxInFlight, ackWaitSecs }: SubscriptionRequest): SubscriptionSettings {
  return { clientId, inbox, ackInbox: newInbox(), maxInFlight, ackWaitSecs };
}
