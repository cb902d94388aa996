import type { ClientProtocol } from './vendor-internals.js';

/** The most that is written at once; a larger command is sent by itself. */
const slabBytes = 65_536;
const lineEnd = '\r\n';
const ackTail = ' 4\r\n+ACK\r\n';
const carriageReturn = 0x0d;
const lineFeed = 0x0a;

/**
 * Gathers the commands of one turn of the event loop's microtasks in one piece of memory and hands them to the client as
 * one: its own `publish()` makes four buffers for each, and copies them once more when it sends them.
 */
export class OutboundCommands {
  private slab = Buffer.allocUnsafeSlow(0);
  /** What has not been handed over: from here ... */
  private from = 0;
  /** ... to here. */
  private to = 0;
  private readonly flushLater = (): void => this.flush();

  constructor(private readonly protocol: ClientProtocol) {}

  /** Whether the server accepts an event of this many bytes, headers included. */
  takes(bytes: number): boolean {
    const { info } = this.protocol;
    return info?.headers === true && bytes <= (info.max_payload ?? 0);
  }

  /** Sends an event. `command` and `headers` have a character per byte. */
  publish(command: string, headers: string, data: Uint8Array): void {
    const size = headers.length + data.byteLength;
    const head = `${command}${String(headers.length)} ${String(size)}${lineEnd}${headers}`;
    const length = head.length + data.byteLength + lineEnd.length;
    this.count(size);
    if (length > slabBytes) {
      this.flush();
      const bytes = Buffer.allocUnsafe(length);
      bytes.write(head, 0, 'latin1');
      bytes.set(data, head.length);
      bytes.write(lineEnd, length - lineEnd.length, 'latin1');
      this.protocol.sendCommand(bytes);
      return;
    }
    this.makeRoom(length);
    const { slab } = this;
    slab.write(head, this.to, 'latin1');
    this.to += head.length;
    slab.set(data, this.to);
    this.to += data.byteLength;
    slab[this.to] = carriageReturn;
    slab[this.to + 1] = lineFeed;
    this.to += lineEnd.length;
  }

  /** Acks a delivery whose reply subject stands in `bytes`. */
  ack(bytes: Uint8Array, from: number, to: number): void {
    this.count(4);
    const length = 4 + (to - from) + ackTail.length;
    this.makeRoom(length);
    const { slab } = this;
    let at = this.to;
    slab[at] = 0x50;
    slab[at + 1] = 0x55;
    slab[at + 2] = 0x42;
    slab[at + 3] = 0x20;
    at += 4;
    // A copy by the runtime costs more than these hundred bytes.
    for (let index = from; index < to; index += 1) slab[at++] = bytes[index] ?? 0;
    for (let index = 0; index < ackTail.length; index += 1) slab[at++] = ackTailBytes[index] ?? 0;
    this.to = at;
  }

  /** Passes on what has been gathered, so that whatever the client sends next follows it. */
  flush(): void {
    const { from, to } = this;
    if (from === to) return;
    this.from = to;
    this.protocol.sendCommand(this.slab.subarray(from, to));
  }

  /** The connection was lost: drops what was gathered for it. */
  drop(): void {
    this.from = this.to;
  }

  private count(bytes: number): void {
    this.protocol.outMsgs += 1;
    this.protocol.outBytes += bytes;
  }

  private makeRoom(length: number): void {
    if (this.slab.length - this.to < length) {
      this.flush();
      // What was handed over is still the socket's: the memory is not used again.
      this.slab = Buffer.allocUnsafeSlow(slabBytes);
      this.from = 0;
      this.to = 0;
    }
    if (this.from === this.to) queueMicrotask(this.flushLater);
  }
}

const ackTailBytes = Buffer.from(ackTail);
