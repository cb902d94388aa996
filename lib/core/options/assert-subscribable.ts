import { InvalidOptionError } from '../errors/invalid-option.error.js';
import type { ResolvedConnectionOptions } from './connection-options.js';
import { assertSubject } from './subject.js';
import type { ResolvedSubscriptionOptions } from './subscription-options.js';

/**
 * A handler's subscription as a whole: its subject and its options, under the connection that will carry it.
 * @internal
 */
export interface IntendedSubscription {
  readonly subject: unknown;
  readonly subscription: ResolvedSubscriptionOptions;
  readonly connection: Pick<ResolvedConnectionOptions, 'clientId' | 'clientIdIsGenerated'>;
  /** Whose subscription it is, for the error: `Class.method`. */
  readonly where?: string | undefined;
}

/**
 * Refuses what neither the options nor the subject show alone: an illegal subject; a durable that the next start could
 * not find again, since without a queue group the server keeps it under a client id that is random; dead letters that
 * would come back to the handler that gave them up.
 * Source: nats-streaming-server 0.25.6 server/server.go (durableKey: client id, subject, durable name).
 * @throws InvalidSubjectError (STAN_INVALID_SUBJECT), InvalidOptionError (STAN_INVALID_OPTION)
 * @internal
 */
export function assertSubscribable({ subject, subscription, connection, where }: IntendedSubscription): void {
  assertSubject(subject);
  const { queueGroup, durableName, deadLetter } = subscription;
  if (durableName !== undefined && queueGroup === undefined && connection.clientIdIsGenerated) {
    const expected = `a fixed id, or a queueGroup beside durableName "${durableName}"`;
    throw new InvalidOptionError('clientId', expected, connection.clientId, { owner: where });
  }
  if (deadLetter?.subject === subject) {
    const expected = 'another subject than the one that is handled';
    throw new InvalidOptionError('deadLetter.subject', expected, subject, { owner: where });
  }
}
