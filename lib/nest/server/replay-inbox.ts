import { decodePayload, parseDeadLetter } from '../../core/dead-letters/dead-letter.js';
import type { DeadLetter } from '../../core/dead-letters/dead-letter.js';
import { replaySubject } from '../../core/dead-letters/replay.js';
import type { DriverMessage } from '../../core/driver/driver.js';
import { resolveSubscriptionOptions } from '../../core/options/index.js';
import type { ResolvedSubscriptionOptions, StanSubscriptionOptions } from '../../core/options/index.js';
import { DecodedEvent } from '../../core/wire/index.js';
import type { Decoder } from '../../core/wire/index.js';
import { NonRetriableException } from '../exceptions/non-retriable.exception.js';
import { decodeFor } from './decode-for.js';
import type { SubscribableHandler } from './registered-handler.js';

/** Handlers of one service whose dead letters go to one subject, and come back on its replay subject. */
export interface ReplayGroup {
  readonly deadLetterSubject: string;
  readonly service: string;
  readonly handlers: readonly SubscribableHandler[];
}

/** A dead letter that came back: what the handler gets, and what its context shows. */
export interface Replayed {
  /** Whose letter it may be: one, where all is well. */
  readonly handlers: readonly SubscribableHandler[];
  readonly letter: DeadLetter;
  readonly data: unknown;
  /** What the deserializer has read in the event beside its data. */
  readonly headers?: ReadonlyMap<string, string> | undefined;
}

/** The replay groups of a server: one per dead-letter subject and service. */
export function toReplayGroups(handlers: readonly SubscribableHandler[]): ReplayGroup[] {
  const groups = new Map<string, ReplayGroup & { readonly handlers: SubscribableHandler[] }>();
  for (const handler of handlers) {
    const subject = handler.options.deadLetter?.subject;
    if (subject === undefined) continue;
    const key = JSON.stringify([subject, handler.service]);
    const group = groups.get(key) ?? { deadLetterSubject: subject, service: handler.service, handlers: [] };
    group.handlers.push(handler);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/**
 * Takes dead letters back for the one handler that gave them up, so that the other handlers of the event, here and in
 * other services, are not disturbed. A letter that fails again goes back to the dead-letter subject, as itself.
 */
export class ReplayInbox {
  readonly subject: string;
  readonly name: string;
  readonly service: string;
  readonly options: ResolvedSubscriptionOptions;

  constructor(
    private readonly group: ReplayGroup,
    private readonly decoder: Decoder,
  ) {
    const { service, deadLetterSubject, handlers } = group;
    this.service = service;
    this.subject = replaySubject(deadLetterSubject);
    this.name = `replay on "${this.subject}"`;
    const ackWaitMs = Math.max(...handlers.map((handler) => handler.options.ackWaitMs));
    const deadLetter = { subject: deadLetterSubject };
    this.options = resolveSubscriptionOptions(
      { ...placeOf(group), ackWaitMs, deadLetter, maxDeliveries: 1 },
      undefined,
      { owner: `replay of "${deadLetterSubject}"` },
    );
  }

  /** Reads a letter and the event in it; throws, or rejects, on bytes that are none. */
  decode(message: DriverMessage): Replayed | Promise<Replayed> {
    const letter = parseDeadLetter(message.data);
    if (letter === undefined) throw new TypeError('not a dead letter');
    // Another service's: its bytes are none of ours to read.
    if (letter.service !== this.service) return { handlers: [], letter, data: undefined };
    const handlers = this.handlersOf(letter);
    const { subject, sequence } = letter;
    const bytes = decodePayload(letter.payload);
    const [handler] = handlers;
    // A letter whose handler is gone is read all the same: it is refused by name then.
    const data: unknown =
      handler === undefined
        ? this.decoder.decode(subject, bytes)
        : decodeFor(handler, this.decoder)({ subject, sequence, data: bytes });
    return data instanceof Promise
      ? data.then((value: unknown) => ({ handlers, letter, ...toParts(value) }))
      : { handlers, letter, ...toParts(data) };
  }

  /** Whether a letter is for this service; other services on the same dead-letter subject get their own copy. */
  isOurs({ letter }: Replayed): boolean {
    return letter.service === this.service;
  }

  /** The handler of a letter that is for this service. */
  handlerOf({ handlers, letter }: Replayed): SubscribableHandler {
    const [handler, another] = handlers;
    const whose = `"${letter.handler}" for "${letter.subject}"`;
    if (handler === undefined)
      throw new NonRetriableException(`service "${letter.service}" has no handler ${whose} any more`);
    if (another === undefined) return handler;
    throw new NonRetriableException(
      `service "${letter.service}" has ${String(handlers.length)} handlers ${whose}; give their classes different names, ` +
        'or replay without --handler',
    );
  }

  /**
   * By subject and class; a letter of a version that named the class with the decorator, which may have several
   * subclasses, by that.
   */
  private handlersOf(letter: DeadLetter): SubscribableHandler[] {
    const ofSubject = this.group.handlers.filter(({ subject }) => subject === letter.subject);
    const named = ofSubject.filter(({ name }) => name === letter.handler);
    return named.length > 0 ? named : ofSubject.filter(({ declaredName }) => declaredName === letter.handler);
  }
}

function toParts(decoded: unknown): Pick<Replayed, 'data' | 'headers'> {
  return decoded instanceof DecodedEvent ? { data: decoded.data, headers: decoded.headers } : { data: decoded };
}

/**
 * Where the inbox stands on the server. With a client id that is generated at each start nobody would come back to a
 * durable: each start would leave one behind.
 */
function placeOf({ service, handlers }: ReplayGroup): StanSubscriptionOptions {
  if (!handlers.every((handler) => handler.serviceLasts)) return { startAt: 'new' };
  return { queueGroup: service, durableName: service.replaceAll(':', '-'), startAt: 'first' };
}
