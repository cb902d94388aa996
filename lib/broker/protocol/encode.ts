import type { PubMsg, Span } from './messages.js';
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
      .int64(8, BigInt(response.pingIntervalSecs)) // negative ones too: clients in test mode mean milliseconds by them
      .number(9, Math.max(response.pingMaxOut, 0))
      .number(10, response.protocol)
      .view();
  }

  connectError(error: string): Buffer {
    return this.writer.reset().text(5, error).view();
  }

  /** `guid` is a place in `bytes`. */
  pubAck(bytes: Buffer, guid: Span, error: string): Buffer {
    return this.writer.reset().span(1, bytes, guid).text(2, error).view();
  }

  subscriptionResponse(ackInbox: string, error: string): Buffer {
    return this.writer.reset().subject(2, ackInbox).text(3, error).view();
  }

  /** Also the answer to a Ping: both have the error as their only field. */
  errorResponse(error: string): Buffer {
    return this.writer.reset().text(1, error).view();
  }

  /** A message as it is stored. */
  message(sequence: number, timestampNs: bigint, published: PubMsg): Buffer {
    const { bytes, subject, reply, data } = published;
    return this.writer
      .reset()
      .number(1, sequence)
      .span(2, bytes, subject)
      .span(3, bytes, reply)
      .span(4, bytes, data)
      .int64(5, timestampNs)
      .view();
  }

  /** A stored message with the mark of a redelivery: its fields come last, so the stored bytes stay as they are. */
  redelivered(stored: Uint8Array, count: number): Buffer {
    const suffix = this.writer.reset().number(6, 1).number(7, count).view();
    return Buffer.concat([stored, suffix]);
  }
}
