import { systemClock } from '../../core/clock.js';
import type { DriverEvent } from '../../core/driver/driver-event.js';
import type { Driver } from '../../core/driver/driver.js';
import type { ResolvedClientOptions } from '../../core/options/index.js';
import { PublishLedger } from '../../core/publishing/index.js';

/**
 * One connection of a client with its ledger, from the first attempt to connect until it is closed or given up. A client
 * that connects again gets a new one.
 * @internal
 */
export class ClientConnection {
  readonly ledger: PublishLedger;
  /** Settles with the first session. */
  readonly connected: Promise<void>;
  /** True once no session will come any more. */
  isOver = false;
  private readonly stopListening: () => void;

  constructor(
    readonly driver: Driver,
    options: ResolvedClientOptions,
    onEvent: (event: DriverEvent) => void,
  ) {
    // The own books first: what a listener does in answer, such as to emit, must find them in order.
    const stopNoting = driver.on((event) => {
      if (event.type === 'gaveUp') this.isOver = true;
    });
    this.ledger = new PublishLedger({ driver, options: options.publish, clock: systemClock });
    const stopTelling = driver.on(onEvent);
    this.stopListening = () => {
      stopNoting();
      stopTelling();
    };
    this.connected = driver.connect();
  }

  /** Fails what is pending and closes the connection, which its events tell; never rejects. */
  async close(): Promise<void> {
    this.isOver = true;
    this.ledger.close();
    await this.driver.close();
    this.stopListening();
  }

  /** Clears away what is over: the client itself is not closed, so nothing more is told. */
  discard(): Promise<void> {
    this.stopListening();
    return this.close();
  }
}
