import type { DriverMessage } from '../../core/driver/driver.js';
import type { StanMessage } from './stan-client.js';

/** What a message needs to know about the subscription it came through. */
export interface MessageOrigin {
  /** Sends an ack; false where it cannot reach the session that delivered the message. May throw. */
  sendAck(sequence: number): boolean;
}

/** One arrival of one message, over the vendor's message object. */
export class StanDriverMessage implements DriverMessage {
  readonly subject: string;
  readonly sequence: number;
  readonly timestampNs: number;
  readonly redelivered: boolean;
  readonly redeliveryCount: number;
  private decoded: Buffer | undefined;

  constructor(
    readonly native: StanMessage,
    private readonly origin: MessageOrigin,
  ) {
    this.subject = native.getSubject();
    this.sequence = native.getSequence();
    this.timestampNs = native.getTimestampRaw();
    this.redelivered = native.isRedelivered();
    this.redeliveryCount = native.getRedeliveryCount();
  }

  get data(): Buffer {
    this.decoded ??= toBuffer(this.native.msg.getData());
    return this.decoded;
  }

  ack(): boolean {
    try {
      return this.origin.sendAck(this.sequence);
    } catch {
      // The vendor throws when its connection has just gone; the server will send the message again.
      return false;
    }
  }
}

/** A view on the vendor's bytes, without the copy that its `getRawData()` makes; an empty payload is an empty string there. */
function toBuffer(data: Uint8Array | string): Buffer {
  return typeof data === 'string'
    ? Buffer.from(data, 'base64')
    : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
