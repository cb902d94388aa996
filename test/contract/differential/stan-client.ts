import { randomBytes } from 'node:crypto';
import { NatsConnection } from './nats-connection.js';
import type { NatsMessage } from './nats-connection.js';
import { DecodedMessage, encodeMessage } from './protobuf.js';

/** The numbers of protocol.proto's StartPosition. */
export const startPositions = { new: 0, lastReceived: 1, timeDelta: 2, sequence: 3, first: 4 } as const;

export interface SubscribeRequest {
  readonly channel: string;
  readonly queueGroup?: string;
  readonly durableName?: string;
  readonly ackWaitSecs: number;
  readonly maxInFlight: number;
  readonly start: keyof typeof startPositions;
  readonly startSequence?: number;
  readonly startTimeDeltaNs?: bigint;
}

export interface StanDelivery {
  readonly sequence: number;
  readonly subject: string;
  readonly redelivered: boolean;
  readonly redeliveryCount: number;
  readonly timestampNs: bigint;
  readonly data: Buffer;
}

export interface StanSubscription {
  readonly inbox: string;
  readonly ackInbox: string;
  readonly request: SubscribeRequest;
}

interface ConnectAnswer {
  readonly pubPrefix: string;
  readonly subRequests: string;
  readonly unsubRequests: string;
  readonly closeRequests: string;
  readonly subCloseRequests: string;
  readonly pingRequests: string;
}

const requestTimeoutMs = 8_000;

/** The answer `'no answer'` stands for a request that the server left without one. */
export const NO_ANSWER = 'no answer';

/**
 * A STAN client that does exactly what it is told: no automatic acks, no reconnect, every error text in plain sight.
 * Answers are error texts as the server wrote them, `''` for success.
 */
export class StanClient {
  private readonly root = `_INBOX.${randomBytes(9).toString('hex')}`;
  readonly connId = randomBytes(12);
  private connection!: NatsConnection;
  private answer: ConnectAnswer | undefined;
  private nextReply = 0;
  private readonly waiting = new Map<string, (data: Buffer | undefined) => void>();
  private readonly inboxes = new Map<string, (delivery: StanDelivery) => void>();
  heartbeats = 0;

  constructor(
    readonly clusterId: string,
    readonly clientId: string,
    private readonly port: () => number,
  ) {}

  /** Opens the TCP connection (again), with interest in every inbox of this client. */
  async attach(): Promise<void> {
    this.connection = await NatsConnection.open(this.port(), `${this.root}.>`, (message) => this.dispatch(message));
  }

  get isAttached(): boolean {
    return this.connection.isOpen;
  }

  /** Cuts TCP; the session at the server stays as it is. */
  async cut(): Promise<void> {
    await this.connection.cut();
  }

  flush(): Promise<void> {
    return this.connection.flush();
  }

  /** Opens the session; the answer is the server's error text. */
  async connect(): Promise<string> {
    const request = encodeMessage({ 1: this.clientId, 2: `${this.root}.hb`, 3: 1, 4: this.connId, 5: 5, 6: 3 });
    const data = await this.request(`_STAN.discover.${this.clusterId}`, request);
    if (data === undefined) return NO_ANSWER;
    const message = new DecodedMessage(data);
    const error = message.text(5);
    if (error === '') {
      this.answer = {
        pubPrefix: message.text(1),
        subRequests: message.text(2),
        unsubRequests: message.text(3),
        closeRequests: message.text(4),
        subCloseRequests: message.text(6),
        pingRequests: message.text(7),
      };
    }
    return error;
  }

  /** True once `connect()` has succeeded. */
  get hasSession(): boolean {
    return this.answer !== undefined;
  }

  async publish(channel: string, data: Uint8Array, patienceMs = requestTimeoutMs): Promise<string> {
    const guid = randomBytes(11).toString('hex');
    const message = encodeMessage({ 1: this.clientId, 2: guid, 3: channel, 5: data, 6: this.connId });
    const answer = await this.request(`${this.session().pubPrefix}.${channel}`, message, patienceMs);
    if (answer === undefined) return NO_ANSWER;
    const ack = new DecodedMessage(answer);
    if (ack.text(1) !== guid) return `an ack for another guid: ${ack.text(1)}`;
    return ack.text(2);
  }

  async subscribe(
    request: SubscribeRequest,
    onDelivery: (delivery: StanDelivery) => void,
  ): Promise<{ error: string; subscription: StanSubscription | undefined }> {
    const inbox = `${this.root}.m.${this.nextReply++}`;
    this.inboxes.set(inbox, onDelivery);
    const answer = await this.request(
      this.session().subRequests,
      encodeMessage({
        1: this.clientId,
        2: request.channel,
        3: request.queueGroup,
        4: inbox,
        5: request.maxInFlight,
        6: request.ackWaitSecs,
        7: request.durableName,
        10: startPositions[request.start],
        11: request.startSequence,
        12: request.startTimeDeltaNs,
      }),
    );
    const message = answer === undefined ? undefined : new DecodedMessage(answer);
    const error = message === undefined ? NO_ANSWER : message.text(3);
    if (message === undefined || error !== '') {
      this.inboxes.delete(inbox);
      return { error, subscription: undefined };
    }
    return { error, subscription: { inbox, ackInbox: message.text(2), request } };
  }

  ack(subscription: StanSubscription, sequence: number): void {
    const message = encodeMessage({ 1: subscription.request.channel, 2: sequence });
    this.connection.publish(subscription.ackInbox, '', message);
  }

  closeSubscription(subscription: StanSubscription): Promise<string> {
    return this.endSubscription(this.session().subCloseRequests, subscription);
  }

  unsubscribe(subscription: StanSubscription): Promise<string> {
    return this.endSubscription(this.session().unsubRequests, subscription);
  }

  private async endSubscription(subject: string, { inbox, ackInbox, request }: StanSubscription): Promise<string> {
    // The server looks a subscription up by the ack inbox, which travels in the field named "inbox".
    const message = encodeMessage({ 1: this.clientId, 2: request.channel, 3: ackInbox, 4: request.durableName });
    const answer = await this.request(subject, message);
    if (answer === undefined) return NO_ANSWER;
    const error = new DecodedMessage(answer).text(3);
    if (error === '') this.inboxes.delete(inbox);
    return error;
  }

  async closeSession(): Promise<string> {
    const answer = await this.request(this.session().closeRequests, encodeMessage({ 1: this.clientId }));
    return answer === undefined ? NO_ANSWER : new DecodedMessage(answer).text(1);
  }

  async ping(connId: Uint8Array = this.connId): Promise<string> {
    const answer = await this.request(this.session().pingRequests, encodeMessage({ 1: connId }));
    return answer === undefined ? NO_ANSWER : new DecodedMessage(answer).text(1);
  }

  /** Sends a request whose body the caller made; resolves with the bytes of the answer. */
  request(subject: string, data: Uint8Array, patienceMs = requestTimeoutMs): Promise<Buffer | undefined> {
    const reply = `${this.root}.r.${this.nextReply++}`;
    return new Promise((resolve) => {
      const timer = setTimeout(() => finish(undefined), patienceMs);
      const finish = (answer: Buffer | undefined) => {
        clearTimeout(timer);
        this.waiting.delete(reply);
        resolve(answer);
      };
      this.waiting.set(reply, finish);
      this.connection.publish(subject, reply, data);
    });
  }

  private session(): ConnectAnswer {
    if (this.answer === undefined) throw new Error(`${this.clientId} has no session`);
    return this.answer;
  }

  private dispatch({ subject, reply, data }: NatsMessage): void {
    if (subject === `${this.root}.hb`) {
      this.heartbeats += 1;
      if (reply !== '') this.connection.publish(reply, '', Buffer.alloc(0));
      return;
    }
    const inbox = this.inboxes.get(subject);
    if (inbox !== undefined) inbox(decodeDelivery(data));
    else this.waiting.get(subject)?.(data);
  }
}

function decodeDelivery(bytes: Buffer): StanDelivery {
  const message = new DecodedMessage(bytes);
  return {
    sequence: Number(message.integer(1)),
    subject: message.text(2),
    data: message.bytes(4),
    timestampNs: message.integer(5),
    redelivered: message.integer(6) === 1n,
    redeliveryCount: Number(message.integer(7)),
  };
}
