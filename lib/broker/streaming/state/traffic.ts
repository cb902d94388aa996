/** Messages and bytes in both directions. @internal */
export interface TrafficCounts {
  readonly inMessages: number;
  readonly inBytes: number;
  readonly outMessages: number;
  readonly outBytes: number;
}

/**
 * Counts the messages that were published and delivered since the server started.
 * @internal
 */
export class Traffic implements TrafficCounts {
  private received = { messages: 0, bytes: 0 };
  private sent = { messages: 0, bytes: 0 };

  get inMessages(): number {
    return this.received.messages;
  }

  get inBytes(): number {
    return this.received.bytes;
  }

  get outMessages(): number {
    return this.sent.messages;
  }

  get outBytes(): number {
    return this.sent.bytes;
  }

  countIn(bytes: number): void {
    this.received.messages += 1;
    this.received.bytes += bytes;
  }

  countOut(bytes: number): void {
    this.sent.messages += 1;
    this.sent.bytes += bytes;
  }
}
