import { createRequire } from 'node:module';

import type { StanBroker } from 'nestjs-stan/broker';

import { eventually } from '../../../support/wait.js';
import { NatsPeer } from './nats-peer.js';
import type { Delivered } from './nats-peer.js';

/** The official client's own protobuf classes: what the broker writes is read by code that nobody here wrote. */
interface ProtoClass {
  new (): { serializeBinary(): Uint8Array };
  deserializeBinary(bytes: Uint8Array): object;
}
const { pb: classes } = createRequire(import.meta.url)('node-nats-streaming/lib/pb') as {
  readonly pb: Readonly<Record<string, ProtoClass>>;
};

/** Writes one message of the STAN protocol. */
export function encode(type: string, fields: Readonly<Record<string, unknown>>): Buffer {
  const message = new classes[type]!();
  for (const [name, value] of Object.entries(fields)) call(message, `set${capital(name)}`, value);
  return Buffer.from(message.serializeBinary());
}

/** Reads one message of the STAN protocol; `get` takes a field's name. */
export function decode(type: string, bytes: Uint8Array): { get(field: string): unknown } {
  const message = classes[type]!.deserializeBinary(new Uint8Array(bytes));
  return { get: (field) => call(message, `get${capital(field)}`) };
}

function call(message: object, method: string, ...args: unknown[]): unknown {
  return (message as Record<string, (...args: unknown[]) => unknown>)[method]!(...args);
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** A message as a subscriber sees it. */
export interface Message {
  readonly sequence: number;
  readonly subject: string;
  readonly data: string;
  readonly redelivered: boolean;
  readonly redeliveryCount: number;
}

/** How a test subscribes. */
export interface SubscribeOptions {
  readonly queueGroup?: string;
  readonly durableName?: string;
  readonly maxInFlight?: number;
  readonly ackWaitSecs?: number;
  /** 0 new, 1 last received, 2 time, 3 sequence, 4 first. */
  readonly start?: number;
  readonly startSequence?: number;
  readonly startTimeDelta?: number;
}

let made = 0;

/** A subscription of a {@link StanPeer}; acks nothing by itself. */
export class PeerSubscription {
  constructor(
    private readonly peer: StanPeer,
    readonly channel: string,
    readonly inbox: string,
    readonly ackInbox: string,
    readonly error: string,
  ) {}

  get messages(): Message[] {
    return this.peer.nats.messages
      .filter(({ subject }) => subject === this.inbox)
      .map(({ payload }) => readMessage(payload));
  }

  get sequences(): number[] {
    return this.messages.map(({ sequence }) => sequence);
  }

  ack(...sequences: number[]): void {
    for (const sequence of sequences) {
      this.peer.nats.publish(this.ackInbox, encode('Ack', { subject: this.channel, sequence }));
    }
  }

  /** Resolves with the error of the server's answer, empty for none. */
  async close(): Promise<string> {
    return this.end(`_STAN.subclose.${this.peer.clusterId}`);
  }

  async unsubscribe(): Promise<string> {
    return this.end(`_STAN.unsub.${this.peer.clusterId}`);
  }

  private async end(subject: string): Promise<string> {
    const { clientId } = this.peer;
    const request = encode('UnsubscribeRequest', { clientId: clientId, subject: this.channel, inbox: this.ackInbox });
    const answer = await this.peer.request(subject, request);
    return decode('SubscriptionResponse', answer).get('error') as string;
  }
}

/** What a {@link StanPeer} connects to. */
export type PeerBroker = Pick<StanBroker, 'clusterId' | 'handle'>;

/** A STAN client over {@link NatsPeer}, without any help of a library: it does what the test says and nothing else. */
export class StanPeer {
  readonly nats: NatsPeer;
  readonly heartbeatInbox: string;
  readonly connId: string;
  /** Answers heartbeats while true. */
  answersHeartbeats = true;
  heartbeats = 0;
  private answered = 0;

  constructor(
    readonly clientId: string,
    broker: PeerBroker,
    readonly clusterId: string = broker.clusterId,
  ) {
    const id = ++made;
    this.nats = NatsPeer.to(broker);
    this.heartbeatInbox = `_INBOX.hb.${clientId}.${id}`;
    this.connId = `conn-${id}`;
    this.nats.send(`SUB _INBOX.re.${id}.* 1\r\nSUB ${this.heartbeatInbox} 2\r\n`);
    this.replyPrefix = `_INBOX.re.${id}.`;
    this.nats.onMessage = (message) => this.answerHeartbeat(message);
  }

  private readonly replyPrefix: string;

  /** Registers the client; resolves with the server's answer. */
  async connect(protocol = 1, heartbeatInbox = this.heartbeatInbox): Promise<{ get(field: string): unknown }> {
    const request = encode('ConnectRequest', {
      clientId: this.clientId,
      heartbeatInbox,
      protocol,
      ...(protocol > 0 && { connId: Buffer.from(this.connId) }),
    });
    return decode('ConnectResponse', await this.request(`_STAN.discover.${this.clusterId}`, request));
  }

  static async connected(clientId: string, broker: PeerBroker): Promise<StanPeer> {
    const peer = new StanPeer(clientId, broker);
    const error = (await peer.connect()).get('error') as string;
    if (error !== '') throw new Error(error);
    return peer;
  }

  /** Resolves with the error of the PubAck, empty for none. */
  async publish(subject: string, data = 'data'): Promise<string> {
    const request = encode('PubMsg', {
      clientId: this.clientId,
      guid: `guid-${++made}`,
      subject,
      data: Buffer.from(data),
      connId: Buffer.from(this.connId),
    });
    return decode('PubAck', await this.request(`_STAN.pub.${this.clusterId}.${subject}`, request)).get(
      'error',
    ) as string;
  }

  async publishAll(subject: string, count: number): Promise<void> {
    for (let i = 1; i <= count; i += 1) await this.publish(subject, `event ${i}`);
  }

  async subscribe(channel: string, options: SubscribeOptions = {}): Promise<PeerSubscription> {
    const inbox = `_INBOX.sub.${++made}`;
    this.nats.send(`SUB ${inbox} s${made}\r\n`);
    const request = encode('SubscriptionRequest', {
      clientId: this.clientId,
      subject: channel,
      inbox,
      qGroup: options.queueGroup ?? '',
      durableName: options.durableName ?? '',
      maxInFlight: options.maxInFlight ?? 100,
      ackWaitInSecs: options.ackWaitSecs ?? 30,
      startPosition: options.start ?? 4,
      startSequence: options.startSequence ?? 0,
      startTimeDelta: options.startTimeDelta ?? 0,
    });
    const answer = decode('SubscriptionResponse', await this.request(`_STAN.sub.${this.clusterId}`, request));
    const subscription = new PeerSubscription(
      this,
      channel,
      inbox,
      answer.get('ackInbox') as string,
      answer.get('error') as string,
    );
    await this.nats.flush();
    return subscription;
  }

  /** Resolves with the error of the server's answer, empty for none. */
  async close(): Promise<string> {
    const request = encode('CloseRequest', { clientId: this.clientId });
    return decode('CloseResponse', await this.request(`_STAN.close.${this.clusterId}`, request)).get('error') as string;
  }

  async ping(connId = this.connId): Promise<string> {
    const request = encode('Ping', { connId: Buffer.from(connId) });
    const answer = await this.request(`_STAN.discover.${this.clusterId}.pings`, request);
    return decode('PingResponse', answer).get('error') as string;
  }

  /** Sends bytes as they are and resolves with the first answer. */
  async request(subject: string, bytes: Uint8Array): Promise<Buffer> {
    const reply = `${this.replyPrefix}${++this.answered}`;
    this.nats.publish(subject, bytes, reply);
    const answer = await eventually(() => this.nats.messages.find((message) => message.subject === reply) ?? false, {
      what: `an answer to ${subject}`,
      intervalMs: 1,
      timeoutMs: 5_000,
    });
    return answer.payload;
  }

  private answerHeartbeat(message: Delivered): void {
    if (message.subject !== this.heartbeatInbox || message.reply === undefined) return;
    this.heartbeats += 1;
    if (this.answersHeartbeats) this.nats.publish(message.reply, '');
  }
}

function readMessage(payload: Buffer): Message {
  const message = decode('MsgProto', payload);
  return {
    sequence: message.get('sequence') as number,
    subject: message.get('subject') as string,
    data: Buffer.from(message.get('data_asU8') as Uint8Array).toString(),
    redelivered: message.get('redelivered') as boolean,
    redeliveryCount: message.get('redeliveryCount') as number,
  };
}
