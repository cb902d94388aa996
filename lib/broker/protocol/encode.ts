import { ProtoWriter } from './proto-writer.js';

/** The subjects that a client gets with its registration. */
export interface ConnectResponse {
  readonly pubPrefix: string;
  readonly subRequests: string;
  readonly unsubRequests: string;
  readonly closeRequests: string;
  readonly subCloseRequests: string;
  /** Empty for a client of protocol 0. */
  readonly pingRequests: string;
  readonly pingIntervalSecs: number;
  readonly pingMaxOut: number;
  readonly protocol: number;
}

/** A message as it is stored. */
export interface StoredMessage {
  readonly sequence: number;
  readonly subject: Uint8Array;
  readonly reply: Uint8Array;
  readonly data: Uint8Array;
  readonly timestampNs: bigint;
}

/**
 * Writes the messages that the server sends. Every result is a view that the next call overwrites.
 * @internal
 */
export class StanEncoder {
  private readonly writer = new ProtoWriter();

  connectResponse(response: ConnectResponse): Buffer {
    return this.writer
      .reset()
      .text(1, response.pubPrefix)
      .text(2, response.subRequests)
      .text(3, response.unsubRequests)
      .text(4, response.closeRequests)
      .text(6, response.subCloseRequests)
      .text(7, response.pingRequests)
      .number(8, Math.max(response.pingIntervalSecs, 0))
      .number(9, Math.max(response.pingMaxOut, 0))
      .number(10, response.protocol)
      .view();
  }

  connectError(error: string): Buffer {
    return this.writer.reset().text(5, error).view();
  }

  pubAck(guid: Uint8Array, error: string): Buffer {
    return this.writer.reset().bytes(1, guid).text(2, error).view();
  }

  subscriptionResponse(ackInbox: string, error: string): Buffer {
    return this.writer.reset().subject(2, ackInbox).text(3, error).view();
  }

  /** Also the answer to a Ping: both have the error as their only field. */
  errorResponse(error: string): Buffer {
    return this.writer.reset().text(1, error).view();
  }

  message(message: StoredMessage): Buffer {
    return this.writer
      .reset()
      .number(1, message.sequence)
      .bytes(2, message.subject)
      .bytes(3, message.reply)
      .bytes(4, message.data)
      .int64(5, message.timestampNs)
      .view();
  }

  /** A stored message with the mark of a redelivery: its fields come last, so the stored bytes stay as they are. */
  redelivered(stored: Uint8Array, count: number): Buffer {
    const suffix = this.writer.reset().number(6, 1).number(7, count).view();
    return Buffer.concat([stored, suffix]);
  }
}
