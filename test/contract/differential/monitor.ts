import { Agent, get } from 'node:http';
import type { Subscriptionz } from 'nestjs-stan';

/** One row of `/streaming/channelsz?subs=1`, as both servers name its fields. */
export type SubscriptionRow = Subscriptionz;

export interface ChannelRow {
  readonly name: string;
  readonly msgs: number;
  readonly bytes: number;
  readonly first_seq: number;
  readonly last_seq: number;
  readonly subscriptions?: readonly SubscriptionRow[] | null;
}

/** Reads a server's monitoring port over kept-alive connections: many looks a second, and few sockets. */
export class Monitor {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 8 });

  constructor(private readonly baseUrl: () => string) {}

  async channel(name: string): Promise<ChannelRow | undefined> {
    return (await this.json(`/streaming/channelsz?channel=${encodeURIComponent(name)}&subs=1`)) as
      ChannelRow | undefined;
  }

  async hasClient(clientId: string): Promise<boolean> {
    return (await this.json(`/streaming/clientsz?client=${encodeURIComponent(clientId)}`)) !== undefined;
  }

  close(): void {
    this.agent.destroy();
  }

  /** The parsed body, or `undefined` for 404. */
  private json(path: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const request = get(`${this.baseUrl()}${path}`, { agent: this.agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          if (response.statusCode === 404) {
            resolve(undefined);
            return;
          }
          try {
            resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')));
          } catch (cause) {
            reject(new Error(`${path} answered something else than JSON`, { cause }));
          }
        });
      });
      request.on('error', reject);
    });
  }
}
