import type { EventEmitter } from 'node:events';
import type { Writable } from 'node:stream';
import type { Stan, Subscription } from 'node-nats-streaming';

import { IncompatibleDependencyError } from '../../core/errors/incompatible-dependency.error.js';
import { findWrongMember } from '../../core/driver/package-internals.js';
import type { MemberKind } from '../../core/driver/package-internals.js';
import { installedVersion } from '../../core/errors/installed-version.js';

/**
 * Everything that this driver uses of node-nats-streaming and nats beyond their typings, and nowhere else is any of it
 * named for the first time. Each member says what it is needed for; the tables below say of which kind it must be.
 *
 * node-nats-streaming is pinned, `nats` is its dependency and floats by a caret. What the driver cannot do without is
 * checked and refused. What only makes it faster has a fallback: the vendor's own way.
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
  /** The NATS subscription that the acks of all publishes come through. */
  readonly ackSubscription?: number | null;
  /** Takes the publish that an ack is for out of the open ones; called for each ack that the client has parsed. */
  removeAck: (this: StanClient, guid: string) => OpenPublishOfClient | undefined;
  /** Ends the client at once: clears its ping timer, reports open publishes with `error`, closes the connection. */
  closeWithError(event: string, error: unknown): void;
  /** Makes what `subscribe()` hands to NATS as the callback for messages: a string with a character per byte. */
  processMsg: () => (text: string) => void;
  subscribe(subject: string, options: unknown): StanSubscriptionObject;
  subscribe(subject: string, queueGroup: string, options: unknown): StanSubscriptionObject;
}

/** An open publish as the client keeps it. */
export interface OpenPublishOfClient {
  /** Called with the error of the ack, if it has one, and the guid. */
  readonly ah: (error: unknown, guid: string | undefined) => void;
}

/** The client's subscription with what its typings leave out. */
export interface StanSubscriptionObject extends Subscription {
  /** The subject that takes its acks, set once the server has confirmed it. */
  readonly ackInbox: string | undefined;
  /** The NATS subscription that its messages come through. */
  readonly inboxSub: number;
}

export interface NatsConnection extends EventEmitter {
  /** What the server has said about itself; `null` before. */
  readonly info: { readonly max_payload?: number; readonly server_id?: string } | null;
  /** Not set before it is closed. */
  readonly closed?: boolean;
  /** What has come from the network and is not parsed; `null` or `undefined` for nothing. */
  inbound: Buffer | null | undefined;
  readonly pstate: number;
  /** The socket; another one, or `null`, once the connection has been lost or closed. */
  readonly stream: Writable | null;
  /** Parses `inbound`; called for each chunk that comes. */
  processInbound: (this: NatsConnection) => void;
  /** Puts the bytes of a whole protocol command in line; they leave with the next flush, in order with all others. */
  sendCommand: (this: NatsConnection, command: Buffer | string) => void;
  /** Writes the commands in line to the socket, where there are any. */
  flushPending(): void;
  /** Picks the server to connect to next, and takes URL and credentials from it. */
  selectServer: () => SelectedServer;
  readonly currentServer: SelectedServer;
  createConnection: () => void;
  readonly options: {
    readonly yieldTime?: number;
    readonly user?: unknown;
    readonly pass?: unknown;
    readonly token?: unknown;
  };
  url: object;
  user?: unknown;
  pass?: unknown;
  token?: unknown;

  // Public, with typings of their own.
  requestOne(subject: string, body: Buffer, options: object, timeoutMs: number, done: (reply: unknown) => void): void;
  publish(subject: string, data: Buffer, reply?: string): void;
  close(): void;
}

export interface SelectedServer {
  readonly url: URL;
}

interface MemberGroup<T> {
  readonly of: 'Stan' | 'Subscription' | 'Client';
  readonly members: { readonly [Name in keyof T]?: MemberKind };
}

const anObject = 'an object';
const aFunction = 'a function';

/** Of a client that was just made. */
const madeClient: MemberGroup<StanClient> = {
  of: 'Stan',
  members: {
    nc: anObject,
    removeAck: aFunction,
    closeWithError: aFunction,
    processMsg: aFunction,
  },
};

/** Of a client that has just connected. */
const connectedClient: MemberGroup<StanClient> = {
  of: 'Stan',
  members: { pubPrefix: 'a string', ackSubject: 'a string', connId: 'bytes' },
};

/** Of one whose server takes pings; all of them do since 0.10. */
const pingingClient: MemberGroup<StanClient> = { of: 'Stan', members: { pingBytes: 'bytes', pingTimer: anObject } };

const confirmedSubscription: MemberGroup<StanSubscriptionObject> = {
  of: 'Subscription',
  members: { ackInbox: 'a string' },
};

const connectedNats: MemberGroup<NatsConnection> = {
  of: 'Client',
  members: { info: anObject, closed: 'unset or a boolean' },
};

const fallbacks = {
  receive: {
    group: {
      of: 'Client',
      members: {
        processInbound: aFunction,
        pstate: 'a number',
        inbound: 'bytes or null',
        stream: anObject,
        options: anObject,
      },
    },
    says: 'events are parsed by the package itself, which is slower',
  },
  send: {
    group: {
      of: 'Client',
      members: { sendCommand: aFunction, flushPending: aFunction, stream: anObject },
    },
    says: 'events and acks are sent by the publish() of the package, which is slower',
  },
  selectServer: {
    group: {
      of: 'Client',
      members: {
        selectServer: aFunction,
        createConnection: aFunction,
        currentServer: anObject,
        url: anObject,
        options: anObject,
      },
    },
    says: 'server URLs are read by the package itself, which decodes no credentials and finds no IPv6 address',
  },
} as const satisfies Record<string, { readonly group: MemberGroup<NatsConnection>; readonly says: string }>;

/** Of a client that has connected: where its acks can be taken from the stream. */
const ackedClient: MemberGroup<StanClient> = { of: 'Stan', members: { ackSubscription: 'a number' } };

/** What the driver does in a way of its own where the internals allow it, and else leaves to the vendor. */
export type OwnWay = keyof typeof fallbacks;

/** @throws IncompatibleDependencyError (STAN_INCOMPATIBLE_DEPENDENCY) where a client that was just made cannot be used */
export function assertMadeClient(client: StanClient): void {
  throwIfAny(findMismatch(madeClient, client));
}

/** @throws IncompatibleDependencyError (STAN_INCOMPATIBLE_DEPENDENCY) where a client that has connected cannot be used */
export function assertConnectedClient(client: StanClient): void {
  const { nc } = client;
  throwIfAny(findMismatch(connectedClient, client));
  if (client.pingRequests !== undefined) throwIfAny(findMismatch(pingingClient, client));
  if (nc !== undefined) throwIfAny(findMismatch(connectedNats, nc));
}

/** Why no ack could be sent for a subscription that was just confirmed. */
export function findUnusable(subscription: StanSubscriptionObject): IncompatibleDependencyError | undefined {
  return findMismatch(confirmedSubscription, subscription);
}

/** Why our own way is closed; `undefined` where it is open. */
export function findObstacle(way: OwnWay, nats: NatsConnection): IncompatibleDependencyError | undefined {
  const { group, says } = fallbacks[way];
  return findMismatch<NatsConnection>(group, nats, says);
}

/** Why the acks of publishes must be read by the client; `undefined` where they need not. */
export function findAckObstacle(client: StanClient): IncompatibleDependencyError | undefined {
  return findMismatch(ackedClient, client, 'acks of publishes are parsed by the package itself, which is slower');
}

function throwIfAny(problem: IncompatibleDependencyError | undefined): void {
  if (problem !== undefined) throw problem;
}

function findMismatch<T extends object>(
  { of, members }: MemberGroup<T>,
  owner: T,
  fallback?: string,
): IncompatibleDependencyError | undefined {
  const wrong = findWrongMember(members, owner);
  if (wrong === undefined) return undefined;
  const { name, expected, got } = wrong;
  const facts = { ...packageOf(of), member: `${of}.${name}`, expected };
  return new IncompatibleDependencyError(facts, { got, ...(fallback !== undefined && { fallback }) });
}

function packageOf(
  owner: MemberGroup<unknown>['of'],
): Pick<IncompatibleDependencyError, 'dependency' | 'version' | 'testedVersion'> {
  const streaming = 'node-nats-streaming';
  if (owner === 'Client')
    return { dependency: 'nats', version: installedVersion('nats', [streaming]), testedVersion: '1.4.12' };
  return { dependency: streaming, version: installedVersion(streaming), testedVersion: '0.3.2' };
}
