import type { DriverMessage } from '../../core/driver/driver.js';
import type { AckSubject } from './ack-subject.js';
import type { InboundMessage } from './inbound-messages.js';
import { headersName } from './jetstream-publisher.js';
import type { NatsMessage } from './nats-client.js';

/** What a message needs of the subscription it came through. */
export interface MessageOrigin {
  readonly subject: string;
  /** By the clock that its arrival is measured with. */
  nowMs(): number;
  /** Acks a delivery; false where the subscription has gone. Never throws. */
  ack(message: JetStreamMessage): boolean;
  /** Answers a delivery in another way; false where the subscription has gone. Never throws. */
  answer(message: JetStreamMessage, text: Uint8Array, isFinal: boolean): boolean;
  /** The client's own object for a command. */
  readNative(command: Uint8Array): NatsMessage | undefined;
}

const inProgressText = Buffer.from('+WPI');
const nsPerMs = 1_000_000;
const headerStart = `\r\n${headersName}: `;

/** One arrival of one message: it stays where it lies in what came from the network, and is read when it is asked for. */
export class JetStreamMessage implements DriverMessage {
  /** True until it was answered, or counts as one that the server will send again. */
  isOpen = true;
  readonly sequence: number;
  readonly timestampNs: number;
  readonly redeliveryCount: number;
  readonly bytes: Buffer;
  readonly replyFrom: number;
  readonly replyTo: number;
  private readonly from: number;
  private readonly to: number;
  private readonly headersFrom: number;
  private readonly dataFrom: number;
  private readonly dataTo: number;

  constructor(
    place: InboundMessage,
    ack: AckSubject,
    protected readonly origin: MessageOrigin,
    /** When it came, in milliseconds of the process's clock; later, once its ack wait started over. */
    public arrivedAtMs: number,
    private readonly given: NatsMessage | undefined,
  ) {
    this.sequence = ack.sequence;
    this.timestampNs = ack.timestampNs;
    this.redeliveryCount = ack.deliveries - 1;
    this.bytes = place.bytes;
    this.replyFrom = place.replyFrom;
    this.replyTo = place.replyTo;
    this.from = place.from;
    this.to = place.to;
    this.headersFrom = place.headersFrom;
    this.dataFrom = place.dataFrom;
    this.dataTo = place.dataTo;
  }

  get native(): unknown {
    return this.given ?? this.origin.readNative(this.bytes.subarray(this.from, this.to));
  }

  /** The subject that takes its answers. */
  get reply(): string {
    return this.bytes.toString('utf8', this.replyFrom, this.replyTo);
  }

  get subject(): string {
    return this.origin.subject;
  }

  get redelivered(): boolean {
    return this.redeliveryCount > 0;
  }

  get data(): Buffer {
    return this.bytes.subarray(this.dataFrom, this.dataTo);
  }

  get headerText(): string {
    if (this.headersFrom === this.dataFrom) return '';
    const text = this.bytes.toString('latin1', this.headersFrom, this.dataFrom);
    const from = text.indexOf(headerStart);
    if (from < 0) return '';
    const valueFrom = from + headerStart.length;
    return text.slice(valueFrom, text.indexOf('\r\n', valueFrom)).trim();
  }

  ack(): boolean {
    return this.origin.ack(this);
  }

  retryAfter(ms: number): boolean {
    return this.origin.answer(this, Buffer.from(`-NAK {"delay":${String(Math.round(ms * nsPerMs))}}`), true);
  }
}

/** One whose ack wait starts over while its handler runs. */
export class ExtendableMessage extends JetStreamMessage {
  extend(): boolean {
    if (!this.origin.answer(this, inProgressText, false)) return false;
    this.arrivedAtMs = this.origin.nowMs();
    return true;
  }
}
