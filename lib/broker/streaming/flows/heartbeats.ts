import type { Clock } from '../../clock/clock.js';
import type { BrokerLogger } from '../../options/stan-broker.options.js';
import type { Client } from '../state/client.js';
import type { ClientRegistry } from '../state/client-registry.js';
import type { Requester } from './requester.js';

/** @internal */
export interface HeartbeatSettings {
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly maxFailedHeartbeats: number;
}

/** What {@link Heartbeats} needs. @internal */
export interface HeartbeatsNeeds {
  readonly settings: HeartbeatSettings;
  readonly clients: ClientRegistry;
  readonly requester: Requester;
  readonly clock: Clock;
  readonly logger: BrokerLogger;
}

/**
 * Finds dead clients: sends each a heartbeat, and reports one that failed to answer too often in a row.
 * @internal
 */
export class Heartbeats {
  constructor(
    private readonly needs: HeartbeatsNeeds,
    private readonly onDead: (client: Client) => void,
  ) {}

  start(client: Client): void {
    if (!client.hasHeartbeatTimer) this.arm(client, this.needs.settings.heartbeatIntervalMs);
  }

  /** [STAN-HB-3] A ping from a client that misses heartbeats: it is alive, so the next heartbeat goes out at once. */
  checkNow(client: Client): void {
    if (client.missedHeartbeats > 0 && client.hasHeartbeatTimer) this.arm(client, 1);
  }

  private arm(client: Client, delayMs: number): void {
    client.setHeartbeatTimer(this.needs.clock.after(delayMs, () => this.check(client)));
  }

  private check(client: Client): void {
    const { clients, requester, settings } = this.needs;
    if (clients.get(client.id) !== client) return;
    const target = { point: 'heartbeat', clientId: client.id, channel: '', sequence: 0 } as const;
    requester.request(target, client.record.heartbeatInbox, settings.heartbeatTimeoutMs, (answered) => {
      if (client.isRegistered) this.judge(client, answered);
    });
  }

  private judge(client: Client, answered: boolean): void {
    const { settings, logger } = this.needs;
    client.heartbeat(answered);
    if (client.missedHeartbeats > settings.maxFailedHeartbeats) {
      logger.error(`[client ${client.id}] timed out on heartbeats`);
      this.onDead(client);
      return;
    }
    this.arm(client, settings.heartbeatIntervalMs);
  }
}
