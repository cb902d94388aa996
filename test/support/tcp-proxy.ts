import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { cleanUpAfterTest } from './cleanup.js';

/** `toServer`: what the client writes. `toClient`: what the server writes. */
export type Direction = 'toServer' | 'toClient';
const directions = ['toServer', 'toClient'] as const;

/**
 * A TCP proxy on loopback between a client and a broker whose network a test can spoil. Closed when the test ends;
 * outside of a test the caller closes it.
 * @param upstream asked again for each connection, so it may follow a broker that moves
 */
export async function startTcpProxy(upstream: () => number): Promise<TcpProxy> {
  const proxy = new TcpProxy(upstream);
  await proxy.listen();
  cleanUpAfterTest(() => proxy.close());
  return proxy;
}

/** See {@link startTcpProxy}. Everything it can do lasts until `restore()`. */
export class TcpProxy {
  private readonly upstream: () => number;
  private readonly server: Server;
  private readonly links = new Set<Link>();
  private readonly network: Network = {
    refuses: false,
    swallows: { toServer: false, toClient: false },
    delayMs: { toServer: 0, toClient: 0 },
    loses: undefined,
  };
  private accepted = 0;

  constructor(upstream: () => number) {
    this.upstream = upstream;
    this.server = createServer({ allowHalfOpen: false }, (client) => this.accept(client));
    this.server.on('error', () => undefined);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Connections that are open right now. */
  get openCount(): number {
    return this.links.size;
  }

  /** Connections ever accepted, the refused ones too. */
  get acceptedCount(): number {
    return this.accepted;
  }

  /** Whether an open connection has lost bytes by now. */
  get hasLostBytes(): boolean {
    return [...this.links].some((link) => link.hasLostBytes);
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(0, '127.0.0.1', resolve);
    });
  }

  /** Breaks every open connection with a reset; new ones are let through. */
  cut(): void {
    for (const link of this.links) link.reset();
  }

  /** Breaks every open connection and resets every new one. */
  refuse(): void {
    this.network.refuses = true;
    this.cut();
  }

  /** Keeps the connections open and loses what is written, both ways unless one is named. */
  swallow(...which: Direction[]): void {
    for (const direction of which.length ? which : directions) this.network.swallows[direction] = true;
  }

  /**
   * Loses the next chunk for a client in which `text` stands, once; the connection goes on. A broker writes small protocol
   * messages whole, so that the stream makes sense without them.
   */
  loseNext(text: string): void {
    this.network.loses = text;
  }

  /** False until what `loseNext()` named has been lost. */
  get hasNothingToLose(): boolean {
    return this.network.loses === undefined;
  }

  /** Delays everything by `ms`, in order, both ways unless one is named. */
  delay(ms: number, ...which: Direction[]): void {
    for (const direction of which.length ? which : directions) this.network.delayMs[direction] = ms;
  }

  /**
   * A sound network again. Connections that have lost bytes are broken, since their streams no longer make sense;
   * what is being delayed still arrives.
   */
  restore(): void {
    this.network.refuses = false;
    this.network.loses = undefined;
    for (const direction of directions) {
      this.network.swallows[direction] = false;
      this.network.delayMs[direction] = 0;
    }
    for (const link of this.links) if (link.hasLostBytes) link.reset();
  }

  /** Breaks everything and stops listening. Idempotent. */
  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private accept(client: Socket): void {
    this.accepted += 1;
    client.on('error', () => undefined);
    if (this.network.refuses) {
      client.resetAndDestroy();
      return;
    }
    const link = new Link(client, connect(this.upstream(), '127.0.0.1'), this.network);
    this.links.add(link);
    link.onClose(() => this.links.delete(link));
  }
}

interface Network {
  refuses: boolean;
  readonly swallows: Record<Direction, boolean>;
  readonly delayMs: Record<Direction, number>;
  loses: string | undefined;
}

/** One client's connection and its continuation to the broker. */
class Link {
  hasLostBytes = false;
  private readonly client: Socket;
  private readonly server: Socket;
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(client: Socket, server: Socket, network: Network) {
    this.client = client;
    this.server = server;
    this.pump(client, server, 'toServer', network);
    this.pump(server, client, 'toClient', network);
  }

  reset(): void {
    this.clearTimers();
    this.client.resetAndDestroy();
    this.server.resetAndDestroy();
  }

  onClose(listener: () => void): void {
    this.client.once('close', listener);
  }

  private pump(from: Socket, to: Socket, direction: Direction, network: Network): void {
    const delayed: Buffer[] = [];
    let earliest = 0;
    from.setNoDelay(true);
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
    from.on('data', (chunk) => {
      if (network.swallows[direction]) {
        this.hasLostBytes = true;
        return;
      }
      if (direction === 'toClient' && network.loses !== undefined && chunk.includes(network.loses)) {
        network.loses = undefined;
        return;
      }
      const now = performance.now();
      earliest = Math.max(earliest, now + network.delayMs[direction]);
      if (earliest <= now && delayed.length === 0) {
        to.write(chunk);
        return;
      }
      // Timers of different lengths may fire out of order, so each one writes the oldest chunk, not its own.
      delayed.push(chunk);
      this.later(earliest - now, () => to.write(delayed.shift() ?? ''));
    });
  }

  private later(ms: number, write: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      write();
    }, ms);
    this.timers.add(timer);
  }

  private clearTimers(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }
}
