import type { DriverMessage } from '../../core/driver/driver.js';
import type { AckFacts } from './ack-subject.js';
import { headersName } from './jetstream-publisher.js';
import type { NatsMessage } from './nats-client.js';

/** What a message needs of the subscription it came through. */
export interface MessageOrigin {
  readonly subject: string;
  /** Answers a delivery; false where the subscription has gone. Never throws. */
  answer(message: JetStreamMessage, text: Uint8Array, isFinal: boolean): boolean;
}

const ackText = Buffer.from('+ACK');
const inProgressText = Buffer.from('+WPI');
const nsPerMs = 1_000_000;

/** One arrival of one message. */
export class JetStreamMessage implements DriverMessage {
  /** True until it was answered, or counts as one that the server will send again. */
  isOpen = true;

  constructor(
    readonly native: NatsMessage,
    readonly reply: string,
    private readonly facts: AckFacts,
    protected readonly origin: MessageOrigin,
    /** When it came, in milliseconds of the process's clock; later, once its ack wait started over. */
    public arrivedAtMs: number,
  ) {}

  get subject(): string {
    return this.origin.subject;
  }

  get sequence(): number {
    return this.facts.sequence;
  }

  get timestampNs(): number {
    return this.facts.timestampNs;
  }

  get redelivered(): boolean {
    return this.facts.deliveries > 1;
  }

  get redeliveryCount(): number {
    return this.facts.deliveries - 1;
  }

  get data(): Buffer {
    const { buffer, byteOffset, byteLength } = this.native.data;
    return Buffer.from(buffer, byteOffset, byteLength);
  }

  get headerText(): string {
    return this.native.headers?.get(headersName) ?? '';
  }

  ack(): boolean {
    return this.origin.answer(this, ackText, true);
  }

  retryAfter(ms: number): boolean {
    return this.origin.answer(this, Buffer.from(`-NAK {"delay":${String(Math.round(ms * nsPerMs))}}`), true);
  }
}

/** One whose ack wait starts over while its handler runs. */
export class ExtendableMessage extends JetStreamMessage {
  extend(): boolean {
    if (!this.origin.answer(this, inProgressText, false)) return false;
    this.arrivedAtMs = performance.now();
    return true;
  }
}
