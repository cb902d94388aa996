import { findWrongMember } from '../../core/driver/package-internals.js';
import { IncompatibleDependencyError } from '../../core/errors/incompatible-dependency.error.js';
import { installedVersion } from '../../core/errors/installed-version.js';
import type { NatsConnection, NatsMessage } from './nats-client.js';

/**
 * All that this driver uses of the NATS client beyond its typings. None of it is needed: what it makes faster has a
 * fallback, the client's own way.
 * Source: @nats-io/nats-core 3.3.1 lib/protocol.js, lib/parser.js.
 */
export interface ClientProtocol {
  /** Cuts the stream into messages; another one after each reconnect. */
  readonly parser: ClientParser;
  /** What the server has said about itself in this connection. */
  readonly info: { readonly headers?: boolean; readonly max_payload?: number } | undefined;
  /** The counts of `stats()`. */
  outMsgs: number;
  outBytes: number;
  inMsgs: number;
  inBytes: number;
  /** Puts the bytes of whole commands in line; they leave in the next microtask, in order with all others. */
  sendCommand(commands: Uint8Array): void;
}

export interface ClientParser {
  /** 0 where the next byte begins a command. */
  readonly state: number;
  parse(bytes: Uint8Array): void;
}

/** The client's state in which the next byte begins a command. */
export const betweenCommands = 0;

const dependency = '@nats-io/nats-core';
const fallback = 'events, acks and publishes go through the public methods of the package, which are slower';
const protocolMembers = {
  parser: 'an object',
  sendCommand: 'a function',
  info: 'an object',
  outMsgs: 'a number',
  outBytes: 'a number',
  inMsgs: 'a number',
  inBytes: 'a number',
} as const;
const parserMembers = { state: 'a number', parse: 'a function' } as const;

/** The internals of an open connection, or why they cannot be used. */
export function protocolOf(connection: NatsConnection): ClientProtocol | IncompatibleDependencyError {
  const { protocol } = connection as { readonly protocol?: ClientProtocol };
  return (
    mismatch('NatsConnectionImpl', { protocol: 'an object' }, connection) ??
    mismatch('ProtocolHandler', protocolMembers, protocol ?? {}) ??
    mismatch('Parser', parserMembers, protocol?.parser ?? {}) ??
    (protocol as ClientProtocol)
  );
}

/**
 * The message as the client itself makes it of the bytes of its command. It is parsed beside the connection: with the
 * client's own parser, and a protocol that has one subscription, which takes it.
 */
export function readNative(protocol: ClientProtocol, command: Uint8Array): NatsMessage | undefined {
  let message: NatsMessage | undefined;
  const taker = {
    received: 0,
    callback: (_error: unknown, taken: NatsMessage) => {
      message = taken;
    },
  };
  const beside: unknown = Object.create(protocol, {
    subscriptions: { value: { sidCounter: 1, get: () => taker } },
    ...{ inMsgs: { value: 0, writable: true }, inBytes: { value: 0, writable: true } },
  });
  const Parser = protocol.parser.constructor as new (dispatcher: unknown) => ClientParser;
  new Parser(beside).parse(command);
  return message;
}

type Members = Parameters<typeof findWrongMember>[0];

function mismatch(of: string, members: Members, owner: object): IncompatibleDependencyError | undefined {
  const wrong = findWrongMember(members, owner);
  if (wrong === undefined) return undefined;
  const version = installedVersion(dependency, ['@nats-io/transport-node']);
  const facts = {
    dependency,
    version,
    testedVersion: '3.3.1',
    member: `${of}.${wrong.name}`,
    expected: wrong.expected,
  };
  return new IncompatibleDependencyError(facts, { got: wrong.got, fallback });
}
