import type { DriverMessage } from '../../core/driver/driver.js';
import type { MsgProto } from './msg-proto.js';
import { NativeMessage } from './native-message.js';

/** What a message needs to know about the subscription it came through. */
export interface MessageOrigin {
  readonly subject: string;
  /** Sends an ack; false where it cannot reach the session that delivered the message. May throw. */
  sendAck(sequence: number): boolean;
}

/** One arrival of one message. */
export class StanDriverMessage implements DriverMessage {
  readonly sequence: number;
  readonly timestampNs: number;
  private view: Buffer | undefined;

  constructor(
    private readonly proto: MsgProto,
    private readonly origin: MessageOrigin,
  ) {
    this.sequence = proto.sequence;
    this.timestampNs = proto.timestampNs;
  }

  get subject(): string {
    return this.origin.subject;
  }

  get redelivered(): boolean {
    return this.proto.redelivered;
  }

  get redeliveryCount(): number {
    return this.proto.redeliveryCount;
  }

  get data(): Buffer {
    this.view ??= this.proto.data;
    return this.view;
  }

  get headerText(): string {
    return this.proto.reply;
  }

  get native(): NativeMessage {
    return new NativeMessage(this, this.proto.crc32);
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
