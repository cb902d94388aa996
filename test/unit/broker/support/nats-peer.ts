import type { Duplex } from 'node:stream';

import type { StanBroker } from 'nestjs-stan/broker';

import { eventually } from '../../../support/wait.js';
import { duplexPair } from './duplex-pair.js';

/** One MSG or HMSG from the server. */
export interface Delivered {
  readonly subject: string;
  readonly sid: string;
  readonly reply: string | undefined;
  readonly headers: string;
  readonly payload: Buffer;
}

/** Speaks NATS by hand: sends the bytes it is given and takes apart what comes back. */
export class NatsPeer {
  /** Every control line from the server, MSG lines included. */
  readonly lines: string[] = [];
  readonly messages: Delivered[] = [];
  isEnded = false;
  /** Told of each message as it arrives. */
  onMessage: (message: Delivered) => void = () => undefined;
  private rest = Buffer.alloc(0);
  private pings = 0;

  constructor(private readonly stream: Duplex) {
    stream.on('data', (chunk: Buffer) => this.receive(chunk));
    stream.on('end', () => (this.isEnded = true));
    stream.on('close', () => (this.isEnded = true));
    stream.on('error', () => (this.isEnded = true));
  }

  /** A peer on a connection without a socket; it says nothing by itself. */
  static silent(broker: Pick<StanBroker, 'handle'>): NatsPeer {
    const [ours, theirs] = duplexPair();
    broker.handle(theirs);
    return new NatsPeer(ours);
  }

  /** A peer that has sent the CONNECT of an everyday client. */
  static to(broker: Pick<StanBroker, 'handle'>): NatsPeer {
    const peer = NatsPeer.silent(broker);
    peer.send('CONNECT {"verbose":false,"pedantic":false}\r\n');
    return peer;
  }

  get info(): Record<string, unknown> {
    return JSON.parse(this.lines[0]?.slice('INFO '.length) ?? '{}') as Record<string, unknown>;
  }

  get errors(): string[] {
    return this.lines.filter((line) => line.startsWith('-ERR'));
  }

  send(bytes: string | Buffer): void {
    this.stream.write(bytes);
  }

  publish(subject: string, payload: string | Uint8Array, reply = ''): void {
    const bytes = Buffer.from(payload as Uint8Array);
    this.send(Buffer.concat([Buffer.from(`PUB ${subject} ${reply} ${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]));
  }

  /** Resolves when the server has answered everything sent so far. */
  async flush(): Promise<void> {
    const wanted = ++this.pings;
    this.send('PING\r\n');
    await eventually(() => this.lines.filter((line) => line === 'PONG').length >= wanted, {
      what: 'PONG',
      intervalMs: 1,
      timeoutMs: 5_000,
    });
  }

  async ended(): Promise<void> {
    await eventually(() => this.isEnded, { what: 'the end of the connection', intervalMs: 1, timeoutMs: 5_000 });
  }

  destroy(): void {
    this.stream.destroy();
  }

  private receive(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    while (this.takeOne());
  }

  private takeOne(): boolean {
    const end = this.rest.indexOf('\r\n');
    if (end < 0) return false;
    const line = this.rest.toString('latin1', 0, end);
    const [operation = '', ...words] = line.split(' ');
    if (operation !== 'MSG' && operation !== 'HMSG') {
      this.rest = this.rest.subarray(end + 2);
      this.lines.push(line);
      return true;
    }
    const size = Number(words.at(-1));
    if (this.rest.length < end + 2 + size + 2) return false;
    const headerBytes = operation === 'HMSG' ? Number(words.at(-2)) : 0;
    const body = this.rest.subarray(end + 2, end + 2 + size);
    this.rest = this.rest.subarray(end + 2 + size + 2);
    this.lines.push(line);
    const message = {
      subject: words[0] ?? '',
      sid: words[1] ?? '',
      reply: words.length === (operation === 'HMSG' ? 5 : 4) ? words[2] : undefined,
      headers: body.toString('latin1', 0, headerBytes),
      payload: body.subarray(headerBytes),
    };
    this.messages.push(message);
    this.onMessage(message);
    return true;
  }
}
