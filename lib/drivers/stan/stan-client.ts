import type { EventEmitter } from 'node:events';
import { connect } from 'node-nats-streaming';
import type { Message, Stan, Subscription } from 'node-nats-streaming';

/**
 * What this driver uses of node-nats-streaming 0.3.2 beyond its own typings. The version is pinned and the package no
 * longer changes; each member names what it is needed for.
 * Source: node-nats-streaming 0.3.2 lib/stan.js, nats 1.4.12 lib/nats.js.
 */
export interface StanClient extends Omit<Stan, 'subscribe' | 'on'> {
  on(event: string, listener: (argument: unknown) => void): this;
  /** The NATS connection; `undefined` once the client's own `close()` has finished. */
  readonly nc: NatsConnection | undefined;
  /** Subject and body of the client's pings, for a probe of our own right after the transport has come back. */
  readonly pingRequests?: string;
  readonly pingBytes?: Buffer;
  /** What its `publish()` puts into every event, known once it has connected. */
  readonly pubPrefix: string;
  readonly ackSubject: string;
  readonly connId: Uint8Array;
  /** The open publishes by guid, as its handling of acks and of the session's end reads them. */
  readonly pubAckMap: Record<string, { readonly ah: (error: unknown, guid: string | undefined) => void }>;
  pubAckOutstanding: number;
  /** Ends the client at once: clears its ping timer, reports open publishes with `error`, closes the connection. */
  closeWithError(event: string, error: unknown): void;
  subscribe(subject: string, options: unknown): StanSubscriptionObject;
  subscribe(subject: string, queueGroup: string, options: unknown): StanSubscriptionObject;
}

/** The client's subscription with the subject that takes its acks, set once the server has confirmed it. */
export interface StanSubscriptionObject extends Subscription {
  readonly ackInbox: string | undefined;
}

export interface NatsConnection extends EventEmitter {
  readonly info: { readonly max_payload?: number; readonly server_id?: string } | null;
  readonly closed: boolean;
  /** Puts the bytes of a whole protocol command in line; they leave with the next flush, in order with all others. */
  sendCommand(command: Buffer): void;
  requestOne(subject: string, body: Buffer, options: object, timeoutMs: number, done: (reply: unknown) => void): void;
  close(): void;
}

/** The client's message with the method its typings leave out and the protobuf message it wraps. */
export interface StanMessage extends Message {
  getRedeliveryCount(): number;
  readonly msg: { getData(): Uint8Array | string };
}

/** Makes a client and starts to connect it. Throws what the vendor throws on options that it cannot use. */
export function createStanClient(clusterId: string, clientId: string, options: object): StanClient {
  // The one cast at this edge: the interface above holds what the typings leave out.
  return connect(clusterId, clientId, options) as unknown as StanClient;
}
