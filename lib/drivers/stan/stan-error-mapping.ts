import type { PublishAttemptError } from '../../core/driver/driver.js';
import { ConnectFailedError } from '../../core/errors/connect-failed.error.js';
import { ConnectTimeoutError } from '../../core/errors/connect-timeout.error.js';
import { hasDuplicateInProcess } from './clients-of-process.js';
import { DuplicateClientIdError } from '../../core/errors/duplicate-client-id.error.js';
import { PublishRefusedError } from '../../core/errors/publish-refused.error.js';
import type { StanError } from '../../core/errors/stan.error.js';
import type { ResolvedConnectionOptions } from '../../core/options/connection-options.js';

/** Server texts that mean something to us. Source: nats-streaming-server 0.25.6 server/server.go (Err… variables). */
const serverTexts = {
  duplicateClientId: 'stan: clientID already registered',
  duplicateDurable: 'stan: duplicate durable registration',
  unknownClient: 'stan: unknown clientID',
  invalidPublish: 'stan: invalid publish request',
  replacedOrUnknown: 'client has been replaced or is no longer registered',
} as const;

/**
 * Refusals of a publish that belong to a fail-over or to a moment [STAN-FO-2]. None says that the event is not stored: what
 * was on its way into the log may be committed by a later leader, and where two servers take a publish, one that has lost
 * its leadership refuses what the other one stores [STAN-FO-8].
 * Source: nats-streaming-server 0.25.6 server/server.go (ioLoop, ErrChanDelInProgress); hashicorp/raft 1.6.0 api.go, raft.go.
 */
const passingRefusals: ReadonlySet<string> = new Set([
  'node is not the leader',
  'leadership transfer in progress',
  'timed out enqueuing operation',
  'leadership lost while committing log',
  'snapshot restored while committing log',
  'raft is already shutdown',
  'stan: channel is being deleted',
]);

/** What the server's refusal of a publish says; one that is not known as passing is final. */
export function toPublishRefusal(subject: string, reason: string): PublishAttemptError {
  const passes = passingRefusals.has(reason);
  const cause = new PublishRefusedError(subject, reason, { retryable: passes, mayBeStored: passes });
  return { outcome: passes ? 'unknown' : 'refused', cause };
}

/** No later attempt can mend these: credentials, and a connect request that the server finds illegal. */
const permanentConnectErrors = [
  /authorization violation/i,
  /authentication/i,
  /stan: invalid/i,
  /nkey|jwt|credentials/i,
];

/** The text of whatever the vendor emits: an Error, a string, or nothing. */
export function textOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === 'string' ? error : String(error);
}

export function toErrorOptions(error: unknown): ErrorOptions {
  return error instanceof Error ? { cause: error } : {};
}

/** Why one attempt to open a session failed. */
export function toConnectError(error: unknown, options: ResolvedConnectionOptions): StanError {
  const text = textOf(error);
  if (text.includes(serverTexts.duplicateClientId)) {
    return new DuplicateClientIdError(options.clientId, {
      ...toErrorOptions(error),
      isInThisProcess: hasDuplicateInProcess(options),
    });
  }
  if (text.includes('connect request timeout')) {
    const { servers, clusterId, connectTimeoutMs } = options;
    return new ConnectTimeoutError(servers, connectTimeoutMs, { clusterId, ...toErrorOptions(error) });
  }
  const retryable = !permanentConnectErrors.some((pattern) => pattern.test(text));
  return new ConnectFailedError(options.servers, text, { retryable, ...toErrorOptions(error) });
}

/** The durable is still held, by a session of ours that the server has not let go yet. */
export const isDuplicateDurable = (error: unknown): boolean => textOf(error).includes(serverTexts.duplicateDurable);

/** The server has forgotten this client: it restarted without state, or gave up on our heartbeats. */
export const isUnknownClient = (error: unknown): boolean => textOf(error).includes(serverTexts.unknownClient);

/** What the server answers to a publish of a client it does not know; subjects are checked before they are sent. */
export const isInvalidPublish = (error: unknown): boolean => textOf(error).includes(serverTexts.invalidPublish);

/** The server does not know this connection any more: somebody else may have its client id. */
export const isReplacedOrUnknown = (error: unknown): boolean => textOf(error).includes(serverTexts.replacedOrUnknown);
