import { StanError } from './stan.error.js';

/**
 * The two handlers (`Class.method`) and what they share.
 * @publicApi
 */
export interface HandlerConflictFacts {
  readonly firstHandler: string;
  readonly secondHandler: string;
  readonly subject: string;
  readonly queueGroup: string | undefined;
  readonly durableName: string | undefined;
}

/**
 * Two handlers would take each other's place on the server, since subject, queue group and durable name are all the same.
 * @publicApi
 */
export class HandlerConflictError extends StanError {
  readonly code = 'STAN_HANDLER_CONFLICT';

  readonly firstHandler: string;
  readonly secondHandler: string;
  readonly subject: string;
  readonly queueGroup: string | undefined;
  readonly durableName: string | undefined;

  constructor(facts: HandlerConflictFacts, options?: ErrorOptions) {
    const { firstHandler, secondHandler, subject, queueGroup, durableName } = facts;
    super(
      `${firstHandler} and ${secondHandler} both handle "${subject}" with queue group ${named(queueGroup)} and durable name ` +
        `${named(durableName)}: each event would reach only one of them; give one of them a queueGroup or durableName of its own`,
      options,
    );
    this.firstHandler = firstHandler;
    this.secondHandler = secondHandler;
    this.subject = subject;
    this.queueGroup = queueGroup;
    this.durableName = durableName;
  }
}

function named(name: string | undefined): string {
  return name === undefined ? '(none)' : `"${name}"`;
}
