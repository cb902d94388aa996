import { InvalidOptionError } from '../../core/errors/invalid-option.error.js';
import { HandlerConflictError } from '../../core/errors/handler-conflict.error.js';
import type { StanEventStore } from '../../core/event-store/event-store.js';
import { inboxConsumerOf } from '../../core/inbox/inbox-gate.js';
import { isEventStore } from '../../core/options/index.js';
import type { ResolvedServerOptions, ResolvedVersionOptions } from '../../core/options/index.js';
import type { SubscribableHandler } from './registered-handler.js';

/** The handlers of a server whose events count once, checked together. */
export function countedHandlersOf(handlers: readonly SubscribableHandler[]): SubscribableHandler[] {
  const counted = handlers.filter(({ options }) => options.version !== undefined || options.inbox !== undefined);
  for (const handler of counted) refuseService(handler);
  refuseStreamConflicts(counted);
  return counted;
}

/**
 * The event store of a server; undefined where no handler needs one.
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 */
export function storeOf(
  { store }: Pick<ResolvedServerOptions, 'store'>,
  [needing]: readonly SubscribableHandler[],
): StanEventStore | undefined {
  if (needing === undefined) return undefined;
  const name = needing.options.version === undefined ? 'inbox' : 'version';
  const expected = `a StanEventStore, which the option ${name} of ${needing.name} needs`;
  const found: unknown = typeof store === 'function' ? store() : store;
  if (!isEventStore(found)) throw new InvalidOptionError('store', expected, found, { owner: 'ServerStan' });
  return found;
}

/** Under a name that is new at each start everything would count again. */
function refuseService({ name, service, serviceLasts, options }: SubscribableHandler): void {
  if (serviceLasts || options.inbox?.consumer !== undefined) return;
  const option = options.version === undefined ? 'inbox' : 'version';
  const expected = `a queueGroup, a durableName or a clientId that stays the same beside ${option}`;
  throw new InvalidOptionError(option, expected, service, { owner: name });
}

/** One service counts a version, or an id, once: two handlers that share both would take each other's events. */
function refuseStreamConflicts(handlers: readonly SubscribableHandler[]): void {
  const places = new Map<string, SubscribableHandler>();
  const streams = new Map<string, { readonly rules: string; readonly name: string }>();
  for (const handler of handlers) {
    const { name, service, subject, options } = handler;
    const { version } = options;
    const place = placeOf(handler);
    const key = JSON.stringify(place);
    const other = places.get(key);
    if (other !== undefined) {
      const { queueGroup, durableName } = options;
      throw new HandlerConflictError({
        firstHandler: other.name,
        secondHandler: name,
        subject,
        queueGroup,
        durableName,
      });
    }
    places.set(key, handler);
    if (version !== undefined) refuseOtherRules(streams, JSON.stringify([service, version.stream]), name, version);
  }
}

function refuseOtherRules(
  streams: Map<string, { readonly rules: string; readonly name: string }>,
  stream: string,
  name: string,
  { first, mode }: ResolvedVersionOptions,
): void {
  const rules = `first ${String(first)} and mode "${mode}"`;
  const other = streams.get(stream);
  if (other === undefined) streams.set(stream, { rules, name });
  else if (other.rules !== rules) {
    const expected = `${other.rules}, as ${other.name} has for the same stream`;
    throw new InvalidOptionError('version', expected, rules, { owner: name });
  }
}

/** Where its events are counted; `undefined` for a handler that counts none. */
function placeOf(handler: SubscribableHandler): string | readonly string[] | undefined {
  const { version, inbox } = handler.options;
  if (version !== undefined) return [handler.service, version.stream, handler.subject];
  return inbox === undefined ? undefined : inboxConsumerOf(handler, inbox);
}
