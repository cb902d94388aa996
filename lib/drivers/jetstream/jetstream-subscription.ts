import type { Clock, ClockTimer } from '../../core/clock.js';
import type { DriverMessage, DriverSubscription, DriverSubscriptionRequest } from '../../core/driver/driver.js';
import { CloseTimeoutError } from '../../core/errors/close-timeout.error.js';
import type { StanError } from '../../core/errors/stan.error.js';
import type { StartAt } from '../../core/options/subscription-options.js';
import { AckSubject } from './ack-subject.js';
import { DeliveryCredit } from './delivery-credit.js';
import type { JetStreamApi } from './jetstream-api.js';
import { inboundOf } from './inbound-messages.js';
import type { InboundMessage } from './inbound-messages.js';
import { openConsumer } from './jetstream-consumer.js';
import { ExtendableMessage, JetStreamMessage } from './jetstream-message.js';
import type { MessageOrigin } from './jetstream-message.js';
import { isDoneWithin } from '../../core/is-done-within.js';
import { consumerNameOf } from './jetstream-names.js';
import type { JetStreamStreams } from './jetstream-streams.js';
import type { JetStreamWire } from './jetstream-wire.js';
import type { NatsConnection, NatsMessage, NatsSubscription } from './nats-client.js';

/** What a subscription needs of the driver. */
export interface SubscriptionHost {
  readonly api: JetStreamApi;
  readonly clock: Clock;
  readonly streams: JetStreamStreams;
  readonly clientId: string;
  /** What the names of inboxes begin with. */
  readonly inboxPrefix: string;
  readonly extendAckWait: boolean;
  readonly closeTimeoutMs: number;
  connection(): NatsConnection | undefined;
  wire(): JetStreamWire | undefined;
  isReady(): boolean;
  /** A name that no other inbox has. */
  newName(): string;
  /** Its consumer has gone, or does not answer: make it again. */
  onLost(subscription: JetStreamSubscription): void;
  onClosed(subscription: JetStreamSubscription): void;
  onWarning(error: StanError): void;
}

const pullExpiresMs = 30_000;
const heartbeatMs = 3_000;
/** A server that sends nothing for so long has forgotten the request. */
const silenceMs = heartbeatMs * 2.5;
const pauseAfterRefusalMs = 250;
const nsPerMs = 1_000_000;
const ackText = Buffer.from('+ACK');
const nakText = Buffer.from('-NAK');
/** Acks kept while the connection is away. The server sends again what it does not hear of. */
const maxLateAnswers = 65_536;

/** One subscription: a consumer of its own or of its group, read by pull requests of as many as there is room for. */
export class JetStreamSubscription implements DriverSubscription, MessageOrigin {
  private readonly credit: DeliveryCredit;
  private readonly consumer: string;
  private stream: string | undefined;
  private streamCreated: string | undefined;
  private inbox: NatsSubscription | undefined;
  private readonly inboxName: string;
  private readonly ackSubject = new AckSubject();
  private lateAnswers: [string, Uint8Array][] = [];
  private isAttached = false;
  private isDraining = false;
  private closing: Promise<void> | undefined;
  private heardAtMs = 0;
  private watch: ClockTimer | undefined;
  private cancelPause: (() => void) | undefined;

  constructor(
    readonly request: DriverSubscriptionRequest,
    private readonly onMessage: (message: DriverMessage) => void,
    private readonly host: SubscriptionHost,
  ) {
    const { maxInFlight, ackWaitMs } = request;
    this.credit = new DeliveryCredit(maxInFlight, ackWaitMs, host.clock, () => this.pull());
    const identity = { ...request, clientId: host.clientId };
    this.consumer = consumerNameOf(identity) ?? `${host.clientId}_7c__${host.newName()}`;
    this.inboxName = `${host.inboxPrefix}.${host.newName()}`;
    this.startWatch();
  }

  get subject(): string {
    return this.request.subject;
  }

  isClosed(): boolean {
    return this.closing !== undefined;
  }

  isReading(): boolean {
    return this.isAttached;
  }

  /** The connection is away: no request is open any more. */
  detach(): void {
    this.isAttached = false;
    this.credit.forgetAsked();
    this.cancelPause?.();
    this.cancelPause = undefined;
  }

  /** Finds or makes the consumer and asks for messages. Rejects with a `JetStreamApiError`. */
  async attach(): Promise<void> {
    const { api, streams, clientId } = this.host;
    const stream = await streams.ensure(this.subject);
    const { created } = await api.streamInfo(stream);
    const isFirst = this.streamCreated === undefined;
    const isAnother = !isFirst && created !== this.streamCreated;
    const place = { stream, consumer: this.consumer, clientId, inbox: this.inboxName };
    const { request } = this;
    const startAt = (): StartAt => (isFirst ? request.startAt : request.resumeAt(isAnother));
    // Only a process that comes back asks for what is pending at once: one that was cut off still has it.
    await openConsumer(api, place, request, { startAt, wantsPendingNow: isFirst, clock: this.host.clock });
    this.stream = stream;
    this.streamCreated = created;
    if (this.isClosed()) return;
    this.openInbox();
    this.isAttached = true;
    this.heardAtMs = this.host.clock.nowMs();
    this.sendLateAnswers();
    this.pull();
  }

  ack(message: JetStreamMessage): boolean {
    const wire = this.host.isReady() ? this.host.wire() : undefined;
    if (wire === undefined || this.isDraining) return this.answer(message, ackText, true);
    wire.ack(message);
    this.answered(message);
    return true;
  }

  answer(message: JetStreamMessage, text: Uint8Array, isFinal: boolean): boolean {
    if (this.isDraining) return false;
    const isSent = this.send(message.reply, text);
    if (isFinal) this.answered(message);
    return isSent;
  }

  nowMs(): number {
    return this.host.clock.nowMs();
  }

  readNative(command: Uint8Array): NatsMessage | undefined {
    return this.host.wire()?.readNative(command);
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private answered(message: JetStreamMessage): void {
    if (!message.isOpen) return;
    this.credit.answered(message);
    this.pull();
  }

  private send(reply: string, text: Uint8Array): boolean {
    const connection = this.host.connection();
    if (connection === undefined || !this.host.isReady()) {
      // Still good afterwards: an ack belongs to the consumer, not to the connection.
      if (this.lateAnswers.length < maxLateAnswers) this.lateAnswers.push([reply, text]);
      return true;
    }
    try {
      this.host.wire()?.flush();
      connection.publish(reply, text);
      return true;
    } catch {
      return false;
    }
  }

  private sendLateAnswers(): void {
    for (const [reply, text] of this.lateAnswers.splice(0)) this.send(reply, text);
  }

  private openInbox(): void {
    if (this.inbox !== undefined) return;
    const inbox = this.host.connection()?.subscribe(this.inboxName, {
      callback: (error, message) => {
        // A refusal by permissions; the requests that follow are refused as well, and tell it.
        if (error === null) this.receiveParsed(message);
      },
    });
    if (inbox === undefined) return;
    this.inbox = inbox;
    this.host.wire()?.receive(inbox, (message, nowMs) => this.receive(message, nowMs, undefined));
  }

  /** What the client has parsed: statuses, and all where its internals are not the known ones. */
  private receiveParsed(native: NatsMessage): void {
    const nowMs = this.host.clock.nowMs();
    const { reply = '' } = native;
    if (reply !== '' && this.receive(inboundOf(native, reply), nowMs, native)) return;
    this.heardAtMs = nowMs;
    this.onStatus(native);
  }

  /** Returns false if the message is not a delivery. */
  private receive(place: InboundMessage, nowMs: number, native: NatsMessage | undefined): boolean {
    const { ackSubject } = this;
    if (!ackSubject.read(place.bytes, place.replyFrom, place.replyTo)) return false;
    this.heardAtMs = nowMs;
    const Message = this.host.extendAckWait ? ExtendableMessage : JetStreamMessage;
    const message = new Message(place, ackSubject, this, nowMs, native);
    this.credit.arrived(message);
    if (this.isClosed()) return true;
    if (!this.request.manualAck) message.ack();
    this.onMessage(message);
    if (!this.credit.isAsking) this.pull();
    return true;
  }

  /** Source: nats-server 2.15.2 server/consumer.go (processNextMsgRequest, sendIdleHeartbeat …). */
  private onStatus(native: NatsMessage): void {
    const { headers } = native;
    if (headers === undefined || headers.code === 100) return;
    const { code, description } = headers;
    this.credit.givenBack(Number(headers.get('Nats-Pending-Messages')) || 0);
    if (code === 408) this.pull();
    else if (code === 404 || code === 503 || /deleted/i.test(description)) this.lost();
    else if (code === 409) {
      this.credit.forgetAsked();
      this.pullLater();
    }
  }

  /** The server has just refused one: not the next one at once. */
  private pullLater(): void {
    this.cancelPause ??= this.host.clock.after(pauseAfterRefusalMs, () => {
      this.cancelPause = undefined;
      this.pull();
    });
  }

  private pull(): void {
    const { stream } = this;
    if (stream === undefined || !this.isAttached || this.isClosed() || this.cancelPause !== undefined) return;
    const batch = this.credit.toAskFor();
    if (batch === 0 || !this.host.isReady()) return;
    const request = { batch, expires: pullExpiresMs * nsPerMs, idle_heartbeat: heartbeatMs * nsPerMs };
    try {
      const subject = `${this.host.api.prefix}.CONSUMER.MSG.NEXT.${stream}.${this.consumer}`;
      // The acks first: they are what there is room by.
      this.host.wire()?.flush();
      this.host.connection()?.publish(subject, JSON.stringify(request), { reply: this.inboxName });
      if (!this.credit.isAsking) this.heardAtMs = this.host.clock.nowMs();
      this.credit.asked(batch);
    } catch {
      // The connection has just gone; it is asked again in the next one.
    }
  }

  private startWatch(): void {
    this.watch = this.host.clock.startTimer(heartbeatMs, () => {
      this.startWatch();
      this.lookForSilence();
    });
  }

  private lookForSilence(): void {
    if (!this.isAttached || !this.credit.isAsking || this.host.clock.nowMs() - this.heardAtMs < silenceMs) return;
    this.lost();
  }

  private lost(): void {
    if (!this.isAttached || this.isClosed()) return;
    this.detach();
    this.host.streams.forget(this.subject);
    this.host.onLost(this);
  }

  private async end(): Promise<void> {
    this.watch?.cancel();
    this.cancelPause?.();
    const { inbox } = this;
    // Those on their way are given back with the rest, so that another member need not wait for ack wait.
    if (inbox !== undefined && this.host.isReady()) await this.drain(inbox);
    this.isDraining = true;
    // In the order of the stream: the server sends them again in the order in which it gets them back.
    const unanswered = this.credit.takeUnanswered().sort((one, other) => one.sequence - other.sequence);
    for (const { reply } of unanswered) this.send(reply, nakText);
    this.isAttached = false;
    if (this.request.durableName === undefined) await this.remove(unanswered.length);
    this.host.onClosed(this);
  }

  private async drain(inbox: NatsSubscription): Promise<void> {
    const { closeTimeoutMs } = this.host;
    this.host.wire()?.flush();
    const isDone = await isDoneWithin(closeTimeoutMs, this.drainInbox(inbox), this.host.clock);
    this.host.wire()?.stopReceiving(inbox);
    if (isDone) return;
    this.host.onWarning(new CloseTimeoutError(`the subscription to "${this.subject}"`, closeTimeoutMs));
  }

  private async drainInbox(inbox: NatsSubscription): Promise<void> {
    if (this.request.queueGroup === undefined) await this.untilNothingComes();
    await inbox.drain();
  }

  /**
   * What the server sends to an inbox that has just gone, it sends again before what is given back here, so out of order
   * [JS-CONS-7]. So the inbox of a single reader stays until no more of what it asked for comes.
   */
  private async untilNothingComes(): Promise<void> {
    let before: number;
    do {
      before = this.credit.outstandingCount;
      if (before > 0) await this.host.connection()?.flush();
    } while (this.credit.outstandingCount < before);
  }

  /** Without a durable name it ends with its last reader; what cannot be said to the server ends by its own threshold. */
  private async remove(unansweredCount: number): Promise<void> {
    const { stream, consumer } = this;
    if (stream === undefined || !this.host.isReady()) return;
    const { api } = this.host;
    try {
      if (this.request.queueGroup !== undefined) {
        const info = await api.consumerInfo(stream, consumer);
        if (info.num_waiting > 0 || info.num_ack_pending > unansweredCount) return;
      }
      await api.deleteConsumer(stream, consumer);
    } catch {
      // It has gone already, or nobody answers.
    }
  }
}
