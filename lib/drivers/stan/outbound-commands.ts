import { findObstacle } from './vendor-internals.js';
import type { NatsConnection } from './vendor-internals.js';

/** Sends a whole `PUB` command of NATS. */
export type CommandSender = (command: Buffer) => void;

const lineEndLength = 2;

/**
 * Sends commands as they are where the NATS client takes them; otherwise takes them apart for its public `publish()`,
 * which encodes them once more.
 */
export function commandSender(nats: NatsConnection): CommandSender {
  if (findObstacle('send', nats) === undefined) return (command) => nats.sendCommand(command);
  return (command) => publishCommand(nats, command);
}

/** `PUB <subject> [reply] <size>`, a line end, the payload, a line end. */
function publishCommand(nats: NatsConnection, command: Buffer): void {
  const lineEnd = command.indexOf('\r\n');
  const [, subject = '', ...rest] = command.toString('utf8', 0, lineEnd).split(' ');
  const payload = command.subarray(lineEnd + lineEndLength, command.length - lineEndLength);
  const reply = rest.length > 1 ? rest[0] : undefined;
  if (reply === undefined) nats.publish(subject, payload);
  else nats.publish(subject, payload, reply);
}
