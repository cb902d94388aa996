import type { ClientStan } from 'nestjs-stan';

/** The vendor's client, as far as this needs it. */
interface NativeClient {
  readonly nc: { publish(subject: string, body: Buffer): void };
  readonly closeRequests: string;
}

/**
 * Sends the server a close request for another client's session, over `client`: the server then no longer knows that
 * other client, which is not told.
 */
export function closeInTheNameOf(client: ClientStan, clientId: string): void {
  const { nc, closeRequests } = client.unwrap<NativeClient>();
  // CloseRequest { string clientID = 1 } of the protocol.
  const id = Buffer.from(clientId);
  nc.publish(closeRequests, Buffer.concat([Buffer.from([0x0a, id.length]), id]));
}
