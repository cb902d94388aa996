import { createConnection } from 'node:net';
import type { Socket } from 'node:net';

/** One MSG of the NATS protocol. */
export interface NatsMessage {
  readonly subject: string;
  readonly reply: string;
  readonly data: Buffer;
}

/** A bare NATS connection over TCP: everything under one wildcard subscription, and a socket that can be torn down. */
export class NatsConnection {
  private received: Buffer = Buffer.alloc(0);
  private readonly pongs: (() => void)[] = [];
  private failed: Error | undefined;
  readonly errors: string[] = [];

  private constructor(
    private readonly socket: Socket,
    private readonly onMessage: (message: NatsMessage) => void,
  ) {
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.read(chunk));
    socket.on('error', (error) => (this.failed = error));
    socket.on('close', () => {
      this.failed ??= new Error('the TCP connection is closed');
      for (const pong of this.pongs.splice(0)) pong();
    });
  }

  /** Connects and subscribes to `subject`; resolves once the server has taken both. */
  static async open(port: number, subject: string, onMessage: (message: NatsMessage) => void): Promise<NatsConnection> {
    const socket = createConnection({ host: '127.0.0.1', port });
    const connection = new NatsConnection(socket, onMessage);
    socket.write('CONNECT {"verbose":false,"pedantic":false,"echo":true,"lang":"test","version":"0","protocol":1}\r\n');
    socket.write(`SUB ${subject} 1\r\n`);
    await connection.flush();
    return connection;
  }

  get isOpen(): boolean {
    return this.failed === undefined;
  }

  publish(subject: string, reply: string, data: Uint8Array): void {
    if (!this.isOpen) return;
    const head = reply === '' ? `PUB ${subject} ${data.length}\r\n` : `PUB ${subject} ${reply} ${data.length}\r\n`;
    this.socket.write(Buffer.concat([Buffer.from(head), data, Buffer.from('\r\n')]));
  }

  /** Resolves once the server has read everything sent so far. */
  async flush(): Promise<void> {
    const answered = new Promise<void>((resolve) => this.pongs.push(resolve));
    if (this.isOpen) this.socket.write('PING\r\n');
    else this.pongs.pop()?.();
    await answered;
    if (this.failed !== undefined) throw this.failed;
  }

  /** Cuts the TCP connection without a word to the server. */
  async cut(): Promise<void> {
    if (this.socket.destroyed) return;
    const closed = new Promise<void>((resolve) => this.socket.once('close', () => resolve()));
    this.socket.destroy();
    await closed;
  }

  private read(chunk: Buffer): void {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    let start = 0;
    for (;;) {
      const end = this.received.indexOf('\r\n', start);
      if (end < 0) break;
      const consumed = this.readLine(this.received.toString('latin1', start, end), end + 2);
      if (consumed < 0) break;
      start = consumed;
    }
    this.received = this.received.subarray(start);
  }

  /** Returns where the next line starts, or -1 while the payload is incomplete. */
  private readLine(line: string, next: number): number {
    if (line.startsWith('MSG ')) {
      const words = line.split(' ');
      const size = Number(words[words.length - 1]);
      if (this.received.length < next + size + 2) return -1;
      const data = Buffer.from(this.received.subarray(next, next + size));
      this.onMessage({ subject: words[1] ?? '', reply: words.length > 4 ? (words[3] ?? '') : '', data });
      return next + size + 2;
    }
    if (line === 'PING') this.socket.write('PONG\r\n');
    else if (line === 'PONG') this.pongs.shift()?.();
    else if (line.startsWith('-ERR')) this.errors.push(line);
    return next;
  }
}
