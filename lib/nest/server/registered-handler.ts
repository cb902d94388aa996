import type { MessageHandler } from '@nestjs/microservices';

import { HandlerConflictError } from '../../core/errors/handler-conflict.error.js';
import { MessagePatternUnsupportedError } from '../../core/errors/message-pattern-unsupported.error.js';
import { assertSubscribable, placeOf, resolveSubscriptionOptions } from '../../core/options/index.js';
import type { ResolvedServerOptions, ResolvedSubscriptionOptions } from '../../core/options/index.js';
import type { ContractRules } from '../../core/contracts/index.js';
import { stanOptionNames } from '../../drivers/stan/stan-option-names.js';
import { contractKey } from '../contracts/contract-key.js';
import { assertPattern, patternText } from '../event-pattern.js';
import type { RegisteredHandler } from './handler-registry.js';

/** A handler with all that its subscription needs. */
export interface SubscribableHandler {
  readonly name: string;
  /** Its name in dead letters of a version that knew only the class with the decorator. */
  readonly declaredName: string | undefined;
  /** The service it belongs to, for dead letters: its queue group, else its durable name, else the client id. */
  readonly service: string;
  /** Whether the next start belongs to the same service, and may find what was left for it. */
  readonly serviceLasts: boolean;
  readonly subject: string;
  readonly callback: MessageHandler;
  readonly options: ResolvedSubscriptionOptions;
  /** Reads its events, where the handler was decorated by a contract. */
  readonly contract: ContractRules | undefined;
}

/**
 * Checks all handlers of a server, together, before anything is connected.
 * @throws InvalidOptionError, InvalidSubjectError, HandlerConflictError, MessagePatternUnsupportedError
 */
export function toSubscribableHandlers(
  handlers: readonly RegisteredHandler[],
  options: ResolvedServerOptions,
): SubscribableHandler[] {
  const subscribable = handlers.map((handler, index) => toSubscribable(handler, index, options));
  refuseConflicts(subscribable);
  return subscribable;
}

function toSubscribable(handler: RegisteredHandler, index: number, server: ResolvedServerOptions): SubscribableHandler {
  const { pattern, callback, declaredName } = handler;
  const name = nameOf(handler, index);
  const subject = assertPattern(pattern, name);
  if (!handler.isEventHandler) throw new MessagePatternUnsupportedError('@MessagePattern', subject);
  const options = resolveSubscriptionOptions(
    handler.options,
    server.subscription,
    placeOf('handler', name, stanOptionNames),
  );
  assertSubscribable({ subject, subscription: options, connection: server.connection, where: name });
  const { clientId, clientIdIsGenerated } = server.connection;
  const given = options.queueGroup ?? options.durableName;
  const service = given ?? clientId;
  const serviceLasts = given !== undefined || !clientIdIsGenerated;
  return { name, declaredName, service, serviceLasts, subject, callback, options, contract: contractOf(handler) };
}

function contractOf({ options }: RegisteredHandler): ContractRules | undefined {
  // Only a contract's own decorator puts anything there.
  return options[contractKey] as ContractRules | undefined;
}

/** Where Nest's registration could not be watched, a plain `@EventPattern` has its place among the handlers for a name. */
function nameOf({ name, pattern }: RegisteredHandler, index: number): string {
  return name ?? `@EventPattern(${patternText(pattern)}) (handler ${String(index + 1)})`;
}

/**
 * Two members of one queue group in one process would share its events, and a durable takes one subscriber. Without
 * either, the server gives each subscription every event, so such handlers stand side by side.
 */
function refuseConflicts(handlers: readonly SubscribableHandler[]): void {
  const first = new Map<string, SubscribableHandler>();
  for (const handler of handlers) {
    const { queueGroup, durableName } = handler.options;
    if (queueGroup === undefined && durableName === undefined) continue;
    const key = JSON.stringify([handler.subject, queueGroup, durableName]);
    const other = first.get(key);
    if (other !== undefined) {
      const names = { firstHandler: other.name, secondHandler: handler.name };
      throw new HandlerConflictError({ ...names, subject: handler.subject, queueGroup, durableName });
    }
    first.set(key, handler);
  }
}
