import { Agent, get } from 'node:http';

/** One row of `/streaming/channelsz?subs=1`, as both servers name its fields. */
export interface SubscriptionRow {
  readonly client_id: string;
  readonly inbox: string;
  readonly ack_inbox: string;
  readonly durable_name?: string;
  readonly queue_name?: string;
  readonly is_durable: boolean;
  readonly is_offline: boolean;
  readonly max_inflight: number;
  readonly ack_wait: number;
  readonly last_sent: number;
  readonly pending_count: number;
  readonly is_stalled: boolean;
}

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
