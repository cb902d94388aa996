import type { Message } from 'node-nats-streaming';

import type { DriverMessage } from '../../core/driver/driver.js';

/** The vendor's `Message`, with the methods that its typings leave out; made for who asks for it, over our own reading. */
export class NativeMessage implements Message {
  constructor(
    private readonly message: Omit<DriverMessage, 'native'>,
    private readonly crc32: number,
  ) {}

  getSubject(): string {
    return this.message.subject;
  }

  getSequence(): number {
    return this.message.sequence;
  }

  getRawData(): Buffer {
    return Buffer.from(this.message.data);
  }

  getData(): string {
    return this.message.data.toString('utf8');
  }

  getTimestampRaw(): number {
    return this.message.timestampNs;
  }

  getTimestamp(): Date {
    return new Date(this.message.timestampNs / 1e6);
  }

  isRedelivered(): boolean {
    return this.message.redelivered;
  }

  getRedeliveryCount(): number {
    return this.message.redeliveryCount;
  }

  getCrc32(): number {
    return this.crc32;
  }

  ack(): void {
    this.message.ack();
  }
}
