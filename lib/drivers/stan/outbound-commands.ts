import { findObstacle } from './vendor-internals.js';
import type { NatsConnection } from './vendor-internals.js';

/** Takes whole `PUB` commands of NATS, which are written straight to where they leave from. */
export interface OutboundCommands {
  /** Where {@link room} has made room. */
  readonly bytes: Buffer;
  /** Makes room for a command of `length` bytes; returns where in `bytes` it is to be written. */
  room(length: number): number;
  /** Sends what was written there. */
  send(): void;
}

/**
 * Commands leave in batches where the NATS client's internals allow it; otherwise they are taken apart for its public
 * `publish()`, which encodes them once more.
 */
export function outboundCommands(nats: NatsConnection): OutboundCommands {
  return findObstacle('send', nats) === undefined ? new CommandBatches(nats) : new CommandsByPublish(nats);
}

/** Room for a turn of the event loop; a batch that fills it leaves at once. */
const batchBytes = 65_536;

const noBytes = Buffer.alloc(0);

/**
 * Gathers the commands of one turn of the event loop in one piece of memory, and writes them to the socket in one go. The
 * client would keep each as a buffer of its own and copy them all together before it writes.
 *
 * What the client itself sends keeps its place: it is written before a batch is begun, and a batch is written before the
 * client puts the next command in line. A batch belongs to the connection that it was begun on, and is lost with it, as
 * what the client has in line is.
 * Source: nats 1.4.12 lib/nats.js (sendCommand, flushPending, closeStream).
 */
export class CommandBatches implements OutboundCommands {
  bytes: Buffer = noBytes;
  private length = 0;
  private roomLength = 0;
  private stream: NatsConnection['stream'] = null;
  private isFlushSet = false;
  private readonly onTurnEnd = (): void => {
    this.isFlushSet = false;
    this.flush();
  };

  constructor(private readonly nats: NatsConnection) {
    const putInLine = nats.sendCommand;
    nats.sendCommand = (command) => {
      this.flush();
      putInLine.call(nats, command);
    };
  }

  room(length: number): number {
    if (this.length + length > this.bytes.length) this.makeRoom(length);
    if (this.length === 0) this.begin();
    this.roomLength = length;
    return this.length;
  }

  send(): void {
    this.length += this.roomLength;
    if (this.length >= batchBytes) this.flush();
  }

  private makeRoom(length: number): void {
    this.flush();
    if (length > this.bytes.length) this.bytes = Buffer.allocUnsafeSlow(Math.max(batchBytes, length));
  }

  private begin(): void {
    const { nats } = this;
    nats.flushPending();
    this.stream = nats.stream;
    if (this.isFlushSet) return;
    this.isFlushSet = true;
    setImmediate(this.onTurnEnd);
  }

  private flush(): void {
    const { bytes, length, stream, nats } = this;
    if (length === 0) return;
    this.length = 0;
    this.stream = null;
    if (stream === null || nats.stream !== stream || nats.closed) return;
    stream.write(bytes.subarray(0, length));
    // What the operating system did not take at once, the socket keeps; and a single large event is no reason to keep its room.
    if (stream.writableLength > 0 || bytes.length > batchBytes) this.bytes = noBytes;
  }
}

const lineEndLength = 2;

class CommandsByPublish implements OutboundCommands {
  bytes: Buffer = noBytes;

  constructor(private readonly nats: NatsConnection) {}

  room(length: number): number {
    this.bytes = Buffer.allocUnsafe(length);
    return 0;
  }

  /** `PUB <subject> [reply] <size>`, a line end, the payload, a line end. */
  send(): void {
    const command = this.bytes;
    const lineEnd = command.indexOf('\r\n');
    const [, subject = '', ...rest] = command.toString('utf8', 0, lineEnd).split(' ');
    const payload = command.subarray(lineEnd + lineEndLength, command.length - lineEndLength);
    const reply = rest.length > 1 ? rest[0] : undefined;
    if (reply === undefined) this.nats.publish(subject, payload);
    else this.nats.publish(subject, payload, reply);
  }
}
