import type { PublishAttemptDone } from '../../core/driver/driver.js';
import { SessionLostError } from '../../core/errors/session-lost.error.js';
import type { StanError } from '../../core/errors/stan.error.js';
import type { OutboundCommands } from './outbound-commands.js';
import { guidLength, PublishGuids } from './publish-guids.js';
import { PublishEncoder } from './publish-message.js';
import type { PublishOrigin } from './publish-message.js';
import { isInvalidPublish, textOf, toPublishRefusal } from './stan-error-mapping.js';
import type { StanClient } from './vendor-internals.js';

/** Protobuf field tag of `pb.PubAck`: guid = 1 (string); an error would come behind it. Source: stan.go 0.10.4 pb/protocol.proto. */
const guidTag = 0x0a;
const successLength = guidLength + 2;

interface OpenPublish {
  readonly subject: string;
  readonly done: PublishAttemptDone;
}

/** What the publishes of a session need of it. */
export interface PublishesSetup {
  readonly client: StanClient;
  readonly clientId: string;
  readonly commands: OutboundCommands;
  /** Called when the server has answered a publish as one of an unknown client. */
  readonly onForgotten: (error: StanError) => void;
}

/**
 * The publishes of one session that have no answer yet, in order of sending. They are kept here by the number in their
 * guid, and not among the client's own: adding a key of 22 characters to an object and deleting it takes longer than all
 * else about a publish. What a user publishes with the client itself stays the client's.
 * Source: node-nats-streaming 0.3.2 lib/stan.js (publish, processAck, removeAck).
 */
export class SessionPublishes {
  private readonly open = new Map<number, OpenPublish>();
  private readonly guids = new PublishGuids();
  private readonly encoder: PublishEncoder;
  private count = 0;
  /** The last one that was sent before the transport last came back. */
  private lastBeforeReturn = 0;

  constructor(private readonly setup: PublishesSetup) {
    const { client, clientId } = setup;
    const { pubPrefix, ackSubject, connId } = client;
    const origin: PublishOrigin = { pubPrefix, ackSubject, clientId, connId };
    this.encoder = new PublishEncoder(origin, this.guids);
    this.takeAcksOf(client);
  }

  send(subject: string, data: Uint8Array, done: PublishAttemptDone, headerText: string): void {
    this.count += 1;
    this.open.set(this.count, { subject, done });
    this.encoder.send(this.setup.commands, subject, this.count, data, headerText);
  }

  /** Takes an ack straight from the stream; false if the client has to read it: an ack of its own publishes, or a refusal. */
  receiveAck(bytes: Buffer, from: number, to: number): boolean {
    if (to - from !== successLength || bytes[from] !== guidTag || bytes[from + 1] !== guidLength) return false;
    const number = this.guids.read(bytes, from + 2);
    if (number === undefined) return false;
    // If it is no longer open, its outcome has been reported: a late ack changes nothing.
    this.take(number)?.done(undefined, this.guids.textOf(number));
    return true;
  }

  /** Reports all of them, in order of sending, as possibly stored: no answer can come any more. */
  failAll(cause: StanError): void {
    this.failUpTo(this.count, cause);
  }

  /**
   * An ack that a connection, or a STAN server, lost does not come again: what is open since before the connection that has
   * just ended would stay so as long as the session. What that connection itself took may still be answered.
   */
  failUnanswered(cause: StanError): void {
    this.failUpTo(this.lastBeforeReturn, cause);
    this.lastBeforeReturn = this.count;
  }

  private failUpTo(last: number, cause: StanError): void {
    // Numbered in order, so those that a callback adds are not among them.
    for (const [number, { done }] of this.open) {
      if (number > last) return;
      this.open.delete(number);
      done({ outcome: 'unknown', cause }, this.guids.textOf(number));
    }
  }

  private take(number: number): OpenPublish | undefined {
    const publish = this.open.get(number);
    if (publish !== undefined) this.open.delete(number);
    return publish;
  }

  /** For acks that the client has parsed: it looks each one up with `removeAck()`. */
  private takeAcksOf(client: StanClient): void {
    const takeFromClient = client.removeAck;
    client.removeAck = (guid) => {
      const number = this.guids.numberOf(guid);
      const publish = number === undefined ? undefined : this.take(number);
      if (publish === undefined) return takeFromClient.call(client, guid);
      return { ah: (error) => this.settle(publish, error, guid) };
    };
  }

  private settle({ subject, done }: OpenPublish, error: unknown, guid: string): void {
    if (error === undefined || error === null || error === '') done(undefined, guid);
    else if (isInvalidPublish(error)) this.settleForgotten(done, guid);
    else done(toPublishRefusal(subject, textOf(error)), guid);
  }

  private settleForgotten(done: PublishAttemptDone, guid: string): void {
    const cause = new SessionLostError(this.setup.clientId, 'the server no longer knows this client');
    // Not stored by the one that answers; another server may have taken it as well [STAN-FO-8].
    done({ outcome: 'unknown', cause }, guid);
    this.setup.onForgotten(cause);
  }
}
