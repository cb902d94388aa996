import type { Clock } from '../../core/clock.js';
import { InboundMessages } from './inbound-messages.js';
import type { InboundMessage, MessageReceiver } from './inbound-messages.js';
import type { NatsMessage, NatsSubscription } from './nats-client.js';
import { OutboundCommands } from './outbound-commands.js';
import type { ClientProtocol } from './vendor-internals.js';
import { readNative } from './vendor-internals.js';

/**
 * The fast path around the NATS client, if its internals allow it: deliveries and answers are read, and publishes and acks
 * written, without an object or a promise for each. One per connection object; it is kept across reconnects.
 */
export class JetStreamWire {
  private readonly inbound: InboundMessages;
  private readonly outbound: OutboundCommands;

  constructor(
    private readonly protocol: ClientProtocol,
    clock: Clock,
  ) {
    this.inbound = new InboundMessages(protocol, clock);
    this.outbound = new OutboundCommands(protocol);
    this.inbound.attach();
  }

  /** Messages of this subscription come to `receiver` first. */
  receive(subscription: NatsSubscription, receiver: MessageReceiver): void {
    this.inbound.receive(subscription.getID(), receiver);
  }

  stopReceiving(subscription: NatsSubscription): void {
    this.inbound.remove(subscription.getID());
  }

  /** Sends an event as text with a character per byte; false where the client is to send it, or to refuse it. */
  publish(command: string, headers: string, data: Uint8Array): boolean {
    if (!this.outbound.takes(headers.length + data.byteLength)) return false;
    this.outbound.publish(command, headers, data);
    return true;
  }

  /** Acks a delivery. */
  ack({ bytes, replyFrom, replyTo }: Pick<InboundMessage, 'bytes' | 'replyFrom' | 'replyTo'>): void {
    this.outbound.ack(bytes, replyFrom, replyTo);
  }

  /** Passes on what was sent, so that whatever the client sends next follows it. */
  flush(): void {
    this.outbound.flush();
  }

  transportLost(): void {
    this.outbound.drop();
  }

  /** The client has a parser of its own for each connection. */
  transportRestored(): void {
    this.inbound.attach();
  }

  readNative(command: Uint8Array): NatsMessage | undefined {
    return readNative(this.protocol, command);
  }
}
