import type * as Nats from '@nats-io/transport-node';
import { ConnectFailedError } from '../../core/errors/connect-failed.error.js';

export type NatsPackage = typeof Nats;
export type VendorConnect = NatsPackage['connect'];
export type NatsConnection = Nats.NatsConnection;
export type NatsMessage = Nats.Msg;
export type NatsSubscription = Nats.Subscription;
export type NatsOptions = Nats.NodeConnectionOptions;

/**
 * Imports the NATS client, an optional peer: when a connection is opened and not before.
 * @throws ConnectFailedError (STAN_CONNECT_FAILED) that says what to install
 */
export async function importNats(servers: readonly string[]): Promise<NatsPackage> {
  try {
    return await import('@nats-io/transport-node');
  } catch (cause) {
    throw new ConnectFailedError(servers, 'nestjs-stan/jetstream needs the package @nats-io/transport-node', {
      ...{ retryable: false, advice: 'npm install @nats-io/transport-node', cause },
    });
  }
}

/**
 * Headers that are text already. The client asks the headers of what it sends for nothing but `encode()`; made with its
 * own class they would take as long as all the rest of a publish.
 * Source: @nats-io/nats-core 3.3.1 lib/protocol.js (publish).
 */
export function rawHeaders(text: string): Nats.MsgHdrs {
  return { encode: () => Buffer.from(text, 'latin1') } as unknown as Nats.MsgHdrs;
}
