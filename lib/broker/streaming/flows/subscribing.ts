import type { BusMessage } from '../../nats/bus.js';
import { fitsProtocolLine } from '../../nats/subject.js';
import { decodeAck, decodeSubscriptionRequest, decodeUnsubscribeRequest } from '../../protocol/decode.js';
import { startPositions, type SubscriptionRequest } from '../../protocol/messages.js';
import type { Channel } from '../state/channel.js';
import { isChannelName } from '../../options/channel-name.js';
import type { ChannelRegistry } from '../state/channel-registry.js';
import type { ClientRegistry } from '../state/client-registry.js';
import { tryDecode } from './connecting.js';
import { factsOf, type Delivery } from './delivery.js';
import { Refusal, stanErrorTexts } from '../../protocol/stan-error-texts.js';
import { newInbox } from '../../strings/random-id.js';
import type { Redelivery } from './redelivery.js';
import type { Removal } from './removal.js';
import { lastSentAtStart } from '../state/start-position.js';
import { asError, type StreamingContext } from '../streaming-context.js';
import { durableKeyOf, Subscription } from '../state/subscription.js';

/**
 * Makes subscriptions, resumes durables, and ends both.
 * @internal
 */
export class Subscribing {
  constructor(
    private readonly context: StreamingContext,
    private readonly channels: ChannelRegistry,
    private readonly clients: ClientRegistry,
    private readonly delivery: Delivery,
    private readonly redelivery: Redelivery,
    private readonly removal: Removal,
  ) {}

  receiveSubscribe(message: BusMessage): void {
    const reply = message.reply ?? '';
    const request = tryDecode(decodeSubscriptionRequest, message.payload);
    if (!request || (request.inbox !== '' && !fitsProtocolLine(request.inbox))) {
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
      channel = this.channels.getOrCreate(request.subject);
      this.channels.stopWatching(channel);
      const { subscription, resumed } = this.subscribe(channel, request);
      this.context.afterFlush((failure) => {
        if (failure) {
          this.refuse(reply, request, failure.message);
          return;
        }
        this.begin(subscription, reply, resumed);
      });
    } catch (error) {
      if (channel) this.channels.watchInactivity(channel);
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
    if (!this.clients.has(request.clientId)) return stanErrorTexts.unknownClient;
    return undefined;
  }

  /** @throws Refusal */
  private subscribe(
    channel: Channel,
    request: SubscriptionRequest,
  ): { readonly subscription: Subscription; readonly resumed: boolean } {
    const isQueue = request.queueGroup !== '';
    if (isQueue && request.durableName.includes(':')) throw new Refusal(stanErrorTexts.invalidDurableName);
    const known = isQueue ? takeShadow(channel, groupNameOf(request)) : this.offlineDurable(channel, request);
    const subscription = known ? this.resume(known, request) : this.create(channel, request);
    this.clients.addSubscription(request.clientId, subscription);
    this.listenForAcks(subscription);
    return { subscription, resumed: known !== undefined };
  }

  private offlineDurable(channel: Channel, request: SubscriptionRequest): Subscription | undefined {
    if (request.durableName === '') return undefined;
    const key = durableKeyOf(request.clientId, channel.name, request.durableName);
    const durable = channel.subscriptions.durables.get(key);
    if (durable && !durable.isOffline) throw new Refusal(stanErrorTexts.duplicateDurable);
    return durable;
  }

  private create(channel: Channel, request: SubscriptionRequest): Subscription {
    const { subscriptions, limits } = channel;
    if (limits.maxSubscriptions > 0 && subscriptions.stored.size >= limits.maxSubscriptions) {
      throw new Refusal(stanErrorTexts.tooManySubscriptions);
    }
    const queueGroup = groupNameOf(request);
    const joinsGroup = queueGroup !== '' && subscriptions.groups.has(queueGroup);
    const subscription = new Subscription(channel, {
      id: channel.nextSubscriptionId++,
      clientId: request.clientId,
      queueGroup,
      inbox: request.inbox,
      ackInbox: newInbox(),
      maxInFlight: request.maxInFlight,
      ackWaitSecs: request.ackWaitSecs,
      durableName: queueGroup === '' ? request.durableName : '',
      lastSent: joinsGroup ? 0 : lastSentAtStart(channel.store.messages, request, this.context.clock),
      isDurable: request.durableName !== '',
      isClosed: false,
    });
    channel.store.subscriptions.create(subscription.record);
    subscriptions.stored.add(subscription.id);
    subscriptions.add(subscription);
    return subscription;
  }

  /** [STAN-DUR-4] A durable comes back: with new inboxes and settings, from where it was; its start position does not matter. */
  private resume(subscription: Subscription, request: SubscriptionRequest): Subscription {
    subscription.ackInbox = newInbox();
    subscription.clientId = request.clientId;
    subscription.inbox = request.inbox;
    subscription.maxInFlight = request.maxInFlight;
    subscription.ackWaitSecs = request.ackWaitSecs;
    subscription.stalled = false;
    subscription.isClosed = false;
    subscription.hasFailedHeartbeat = false;
    subscription.initialized = false;
    if (subscription.pending.size > 0) {
      subscription.newOnHold = true;
      this.redelivery.setTimer(subscription, subscription.ackWaitMs);
    }
    subscription.channel.store.subscriptions.update(subscription.record);
    subscription.channel.subscriptions.resume(subscription);
    return subscription;
  }

  /** [STAN-SUB-6] Answers the subscriber, and only then lets messages go. */
  private begin(subscription: Subscription, reply: string, resumed: boolean): void {
    const { clientId, channel } = subscription;
    if (this.context.events.isHeard) {
      this.context.events.emit({ type: 'subscribed', resumed, ...factsOf(subscription) });
    }
    const payload = this.context.encoder.subscriptionResponse(subscription.ackInbox, '');
    this.context.send({ point: 'subscribeResponse', clientId, channel: channel.name, sequence: 0 }, reply, payload);
    subscription.initialized = true;
    if (subscription.isDurable) this.redelivery.redeliverAll(subscription);
    if (subscription.group) this.delivery.sendAvailableToGroup(channel, subscription.group);
    else this.delivery.sendAvailable(subscription);
  }

  private refuse(reply: string, request: SubscriptionRequest | undefined, error: string): void {
    const clientId = request?.clientId ?? '';
    const channel = request?.subject ?? '';
    this.context.logger.error(`[client ${clientId}] subscription to "${channel}" refused: ${error}`);
    if (this.context.events.isHeard) this.context.events.emit({ type: 'subscribeRefused', channel, clientId, error });
    const payload = this.context.encoder.subscriptionResponse('', error);
    this.context.send({ point: 'subscribeResponse', clientId, channel, sequence: 0 }, reply, payload);
  }

  /** Takes acks for a subscription, also for one that was found in the store. */
  listenForAcks(subscription: Subscription): void {
    const { bus } = this.context;
    if (subscription.ackListener) bus.unsubscribe(subscription.ackListener);
    const receive = (message: BusMessage): void => this.receiveAck(subscription, message);
    subscription.ackListener = {
      subject: subscription.ackInbox,
      queue: undefined,
      owner: undefined,
      deliver: (message) => this.context.guardedWith('ack', receive, message),
    };
    bus.subscribe(subscription.ackListener);
  }

  private receiveAck(subscription: Subscription, message: BusMessage): void {
    const ack = tryDecode(decodeAck, message.payload);
    if (!ack) return;
    const { faults, texts } = this.context;
    const channel = texts.read(ack.bytes, ack.subject.start, ack.subject.end);
    if (channel !== subscription.channel.name) return;
    const { sequence } = ack;
    if (faults.isEmpty) {
      this.takeAck(subscription, sequence);
      return;
    }
    faults.apply({ point: 'ack', clientId: subscription.clientId, channel, sequence }, () =>
      this.takeAck(subscription, sequence),
    );
  }

  private takeAck(subscription: Subscription, sequence: number): void {
    if (!subscription.isOffline) this.redelivery.ack(subscription, sequence, true);
  }

  receiveUnsubscribe(message: BusMessage): void {
    this.end(message, true);
  }

  receiveSubClose(message: BusMessage): void {
    this.end(message, false);
  }

  private end(message: BusMessage, unsubscribe: boolean): void {
    const answer = (error: string, clientId = '', channel = ''): void => {
      const payload = this.context.encoder.subscriptionResponse('', error);
      const target = { point: 'unsubscribeResponse', clientId, channel, sequence: 0 } as const;
      this.context.send(target, message.reply ?? '', payload);
    };
    const request = tryDecode(decodeUnsubscribeRequest, message.payload);
    if (!request) {
      answer(stanErrorTexts.invalidUnsubscribeRequest);
      return;
    }
    const { clientId, subject } = request;
    const channel = this.channels.get(subject);
    if (!channel) {
      answer(stanErrorTexts.unknownChannel, clientId, subject);
      return;
    }
    const subscription = channel.subscriptions.find(request.inbox);
    if (!subscription) {
      answer(stanErrorTexts.invalidSubscription, clientId, subject);
      return;
    }
    if (!this.clients.removeSubscription(clientId, subscription)) {
      answer(stanErrorTexts.unknownClient, clientId, subject);
      return;
    }
    this.removal.remove(subscription, unsubscribe);
    if (this.context.events.isHeard) {
      const type = unsubscribe ? 'unsubscribed' : 'subscriptionClosed';
      this.context.events.emit({ type, ...factsOf(subscription) });
    }
    this.context.afterFlush((failure) => answer(failure?.message ?? '', clientId, subject));
  }
}

function groupNameOf(request: SubscriptionRequest): string {
  const { queueGroup, durableName } = request;
  return queueGroup === '' || durableName === '' ? queueGroup : `${durableName}:${queueGroup}`;
}

/** [STAN-QUEUE-4] A durable group without members: its shadow becomes the first of them again. */
function takeShadow(channel: Channel, groupName: string): Subscription | undefined {
  const group = channel.subscriptions.groups.get(groupName);
  const shadow = group?.shadow;
  if (!group || !shadow) return undefined;
  group.shadow = undefined;
  group.members.push(shadow);
  return shadow;
}
