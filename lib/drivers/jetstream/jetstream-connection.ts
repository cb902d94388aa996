import { ConnectFailedError } from '../../core/errors/connect-failed.error.js';
import { ConnectTimeoutError } from '../../core/errors/connect-timeout.error.js';
import { StanError } from '../../core/errors/stan.error.js';
import { SubscribeFailedError } from '../../core/errors/subscribe-failed.error.js';
import { SubscribeTimeoutError } from '../../core/errors/subscribe-timeout.error.js';
import type { ResolvedConnectionOptions } from '../../core/options/connection-options.js';
import { JetStreamApi, JetStreamApiError } from './jetstream-api.js';
import { importNats } from './nats-client.js';
import { withoutLeakedSockets } from './leaked-sockets.js';
import type { NatsConnection, NatsOptions, VendorConnect } from './nats-client.js';

const advice = 'check servers, credentials and that nats-server runs with JetStream (-js)';

/** How to open it, beside the user's options. */
export interface OpenConnectionSetup {
  readonly domain: string | undefined;
  /** The pause before the client's next attempt to come back. */
  readonly nextDelayMs: () => number;
  /** Instead of that of the installed package. */
  readonly vendorConnect: VendorConnect | undefined;
}

/** Makes the one attempt to open a connection to a server with JetStream. Rejects with a `StanError`; nothing stays open. */
export async function openConnection(
  options: ResolvedConnectionOptions,
  { domain, nextDelayMs, vendorConnect }: OpenConnectionSetup,
): Promise<NatsConnection> {
  const connect = vendorConnect ?? (await importNats(options.servers)).connect;
  let connection: NatsConnection;
  try {
    connection = await withoutLeakedSockets(() => connect(toNatsOptions(options, nextDelayMs)));
  } catch (error) {
    throw toConnectError(error, options);
  }
  try {
    await assertJetStream(connection, options, domain);
  } catch (error) {
    await closeConnection(connection);
    throw error;
  }
  return connection;
}

/** Closes it in whatever state it is, an attempt to come back too. Never rejects. */
export async function closeConnection(connection: NatsConnection): Promise<void> {
  await connection.close().catch(() => undefined);
  // The socket of an attempt that has not come up stays open otherwise, see `withoutLeakedSockets`.
  const { protocol } = connection as { readonly protocol?: { readonly transport?: { discard?(): void } } };
  protocol?.transport?.discard?.();
}

/** The client's own option, by which users of one account are kept out of each other's inboxes. */
export function inboxPrefixOf({ connection }: ResolvedConnectionOptions): string {
  const { inboxPrefix } = connection;
  return typeof inboxPrefix === 'string' && inboxPrefix !== '' ? inboxPrefix : '_INBOX';
}

function toNatsOptions(options: ResolvedConnectionOptions, nextDelayMs: () => number): NatsOptions {
  const { clientId, servers, connectTimeoutMs, pingIntervalMs, maxPingsOut } = options;
  return {
    name: clientId,
    ...options.connection,
    servers: [...servers],
    timeout: connectTimeoutMs,
    pingInterval: pingIntervalMs,
    maxPingOut: maxPingsOut,
    // The client's own way to come back is the only one: without it the first loss would be the end.
    reconnect: true,
    maxReconnectAttempts: -1,
    waitOnFirstConnect: false,
    ignoreAuthErrorAbort: true,
    reconnectDelayHandler: nextDelayMs,
  };
}

/** A server in front of the one with JetStream says that it has none itself: ask, where it does. */
async function assertJetStream(
  connection: NatsConnection,
  options: ResolvedConnectionOptions,
  domain: string | undefined,
): Promise<void> {
  if (connection.info?.jetstream === true && domain === undefined) return;
  try {
    await new JetStreamApi(() => connection, options.connectTimeoutMs, domain).accountInfo();
  } catch (cause) {
    const problem = cause instanceof JetStreamApiError ? cause : undefined;
    if (problem?.isTimeout === true) throw toTimeout(options, cause);
    const isNobody = problem?.isNobodyThere === true;
    const retryable = problem?.isPassing === true && !isNobody;
    const reason = isNobody ? 'JetStream is not enabled there' : (cause as Error).message;
    throw new ConnectFailedError(options.servers, reason, { retryable, advice, cause });
  }
}

/** No later attempt can mend these. Source: @nats-io/nats-core 3.3.1 lib/errors.js. */
const permanentErrors: ReadonlySet<string> = new Set([
  ...['AuthorizationError', 'UserAuthenticationExpiredError', 'InvalidArgumentError', 'PermissionViolationError'],
]);

function toConnectError(error: unknown, options: ResolvedConnectionOptions): StanError {
  const { servers } = options;
  if (error instanceof Error && error.name === 'TimeoutError') return toTimeout(options, error);
  const reason = error instanceof Error ? error.message : String(error);
  const retryable = !(error instanceof Error && permanentErrors.has(error.name));
  return new ConnectFailedError(servers, reason === '' ? 'no answer' : reason, { retryable, advice, cause: error });
}

function toTimeout({ servers, connectTimeoutMs }: ResolvedConnectionOptions, cause: unknown): StanError {
  const details = { broker: 'server with JetStream', advice, cause };
  return new ConnectTimeoutError(servers, connectTimeoutMs, details);
}

/** Why a subscription could not be made. */
export function toSubscribeError(subject: string, timeoutMs: number, error: unknown): StanError {
  if (error instanceof StanError) return error;
  if (error instanceof JetStreamApiError && error.isTimeout) {
    return new SubscribeTimeoutError(subject, timeoutMs, { cause: error });
  }
  const reason = error instanceof Error ? error.message : String(error);
  const retryable = !(error instanceof JetStreamApiError) || error.isPassing;
  return new SubscribeFailedError(subject, reason, { retryable, cause: error });
}
