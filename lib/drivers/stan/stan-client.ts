import type { EventEmitter } from 'node:events';
import { connect } from 'node-nats-streaming';
import type { Stan, Subscription } from 'node-nats-streaming';
import { readServerUrls } from './server-selection.js';

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
  /** Its timer for pings, from the answer to its connect request on. */
  readonly pingTimer?: NodeJS.Timeout;
  /** What its `publish()` puts into every event, known once it has connected. */
  readonly pubPrefix: string;
  readonly ackSubject: string;
  readonly connId: Uint8Array;
  /** The open publishes by guid, as its handling of acks and of the session's end reads them. */
  readonly pubAckMap: Record<string, { readonly ah: (error: unknown, guid: string | undefined) => void }>;
  pubAckOutstanding: number;
  /** Takes one out of the open publishes. */
  removeAck(guid: string): StanClient['pubAckMap'][string] | undefined;
  /** Ends the client at once: clears its ping timer, reports open publishes with `error`, closes the connection. */
  closeWithError(event: string, error: unknown): void;
  subscribe(subject: string, options: unknown): StanSubscriptionObject;
  subscribe(subject: string, queueGroup: string, options: unknown): StanSubscriptionObject;
}

/** The client's subscription with what its typings leave out. */
export interface StanSubscriptionObject extends Subscription {
  /** The subject that takes its acks, set once the server has confirmed it. */
  readonly ackInbox: string | undefined;
  /** The NATS subscription that its messages come through. */
  readonly inboxSub: number;
}

export interface NatsConnection extends EventEmitter {
  readonly info: { readonly max_payload?: number; readonly server_id?: string } | null;
  readonly closed: boolean;
  readonly options: { readonly yieldTime?: number };
  /** Its subscriptions by `sid`; a message is handed over as text, a character per byte. */
  readonly subs: Record<number, { callback: (text: string) => void } | undefined>;
  /** What has come from the network and is not parsed; `null` or `undefined` for nothing. */
  inbound: Buffer | null | undefined;
  readonly pstate: number;
  /** The socket; another one, or `null`, once the connection has been lost or closed. */
  readonly stream: unknown;
  /** Parses `inbound`; called for each chunk that comes. */
  processInbound: (this: NatsConnection) => void;
  /** Puts the bytes of a whole protocol command in line; they leave with the next flush, in order with all others. */
  sendCommand(command: Buffer): void;
  requestOne(subject: string, body: Buffer, options: object, timeoutMs: number, done: (reply: unknown) => void): void;
  close(): void;
}

/** Makes a client and starts to connect it. Throws what the vendor throws on options that it cannot use. */
export function createStanClient(clusterId: string, clientId: string, options: object): StanClient {
  // The one cast at this edge: the interface above holds what the typings leave out.
  const client = connect(clusterId, clientId, options) as unknown as StanClient;
  readServerUrls(client);
  return client;
}

/**
 * Keeps a client that was ended from pinging. An answer to its connect request that comes while it is ended starts its ping
 * timer all the same, whose next ping throws on the closed connection, from a timer: nobody could catch that.
 */
export function refusePingTimer(client: StanClient): void {
  clearTimeout(client.pingTimer);
  Object.defineProperty(client, 'pingTimer', {
    configurable: true,
    get: () => undefined,
    set: (timer: NodeJS.Timeout) => clearTimeout(timer),
  });
}
