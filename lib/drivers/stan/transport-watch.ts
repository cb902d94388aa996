import { SessionLostError } from '../../core/errors/session-lost.error.js';
import type { ResolvedConnectionOptions } from '../../core/options/connection-options.js';
import type { PingTarget } from './ping-watch.js';

/** What a transport watch tells its session. */
export interface TransportWatchListener {
  onLost(): void;
  /** The transport is back, and the server still knows this client. */
  onRestored(): void;
  /** The transport is back, and the server does not know this client, or has not answered. */
  onSessionLost(error: SessionLostError, forgottenByServer: boolean): void;
}

/**
 * Whether the transport of a session is lost. Once it is back, asks at once whether the server still knows this client,
 * rather than at the next ping; until the answer the transport counts as lost.
 */
export class TransportWatch {
  private lost = false;
  /** Answers to an earlier round come too late. */
  private round = 0;

  constructor(
    private readonly options: Pick<ResolvedConnectionOptions, 'clientId' | 'connectTimeoutMs' | 'maxPingsOut'>,
    private readonly listener: TransportWatchListener,
  ) {}

  isLost(): boolean {
    return this.lost;
  }

  /** The transport is lost, or lost again before the server has answered. */
  lose(): void {
    this.round += 1;
    if (this.lost) return;
    this.lost = true;
    this.listener.onLost();
  }

  /**
   * The transport is back. A server that has just started answers late, since it opens its port before it has read its
   * store; hence several attempts.
   * @param target - `undefined` where the server knows no pings; the transport alone is the answer then
   */
  probe(target: PingTarget | undefined): void {
    if (!this.lost) return;
    this.round += 1;
    if (target === undefined) this.restore();
    else this.ask(target, this.round, 1);
  }

  /** The session ends: nothing is reported any more. */
  stop(): void {
    this.lost = false;
    this.round += 1;
  }

  private ask(target: PingTarget, round: number, attempt: number): void {
    const { clientId, connectTimeoutMs, maxPingsOut } = this.options;
    target.nats.requestOne(target.subject, target.body, {}, connectTimeoutMs, (reply) => {
      if (round !== this.round) return;
      if (reply instanceof Error) {
        if (attempt < maxPingsOut) this.ask(target, round, attempt + 1);
        else this.giveUp(new SessionLostError(clientId, 'no answer to pings after the transport came back'), false);
        return;
      }
      // An empty answer is "you are registered"; anything else is the error text "replaced or no longer registered".
      if (typeof reply === 'string' && reply.length === 0) this.restore();
      else this.giveUp(forgottenError(clientId), true);
    });
  }

  private restore(): void {
    this.stop();
    this.listener.onRestored();
  }

  private giveUp(error: SessionLostError, forgottenByServer: boolean): void {
    this.stop();
    this.listener.onSessionLost(error, forgottenByServer);
  }
}

/** The server says that it does not know this client, or that another one has its id. */
export function forgottenError(clientId: string): SessionLostError {
  return new SessionLostError(clientId, 'the server no longer knows this client');
}
