import type { Client, ClientRegistry } from '../state/client-registry.js';
import type { Requester } from './requester.js';
import type { StreamingContext } from '../streaming-context.js';

/**
 * Finds dead clients: asks each on its heartbeat inbox, and reports one that failed to answer too often in a row.
 * @internal
 */
export class Heartbeats {
  constructor(
    private readonly context: StreamingContext,
    private readonly clients: ClientRegistry,
    private readonly requester: Requester,
    private readonly onDead: (client: Client) => void,
  ) {}

  start(client: Client): void {
    if (!client.heartbeatTimer) this.arm(client, this.context.settings.heartbeatIntervalMs);
  }

  /** [STAN-HB-3] A ping of a client that misses heartbeats: it lives, so it is asked again at once. */
  hurry(client: Client): void {
    if (client.failedHeartbeats > 0 && client.heartbeatTimer) this.arm(client, 1);
  }

  private arm(client: Client, delayMs: number): void {
    client.heartbeatTimer?.cancel();
    client.heartbeatTimer = this.context.clock.after(delayMs, () => this.check(client));
  }

  private check(client: Client): void {
    if (this.clients.get(client.record.clientId) !== client) return;
    const { clientId, heartbeatInbox } = client.record;
    const target = { point: 'heartbeat', clientId, channel: '', sequence: 0 } as const;
    this.requester.ask(target, heartbeatInbox, this.context.settings.heartbeatTimeoutMs, (answered) => {
      if (client.isRegistered) this.judge(client, answered);
    });
  }

  private judge(client: Client, answered: boolean): void {
    const hadFailed = client.failedHeartbeats > 0;
    client.failedHeartbeats = answered ? 0 : client.failedHeartbeats + 1;
    if (client.failedHeartbeats > this.context.settings.maxFailedHeartbeats) {
      this.context.logger.error(`[client ${client.record.clientId}] timed out on heartbeats`);
      this.onDead(client);
      return;
    }
    this.arm(client, this.context.settings.heartbeatIntervalMs);
    const hasFailed = client.failedHeartbeats > 0;
    if (hasFailed === hadFailed) return;
    for (const subscription of client.subscriptions) subscription.hasFailedHeartbeat = hasFailed;
  }
}
