import type { MessageHandler } from '@nestjs/microservices';

import { declarationsIn } from '../decorators/declared-patterns.js';
import type { DeclaredPattern } from '../decorators/declared-patterns.js';
import type { HandlerOwner } from './nest-registration.js';

/** A handler as Nest has handed it over. */
export interface RegisteredHandler {
  readonly pattern: unknown;
  readonly callback: MessageHandler;
  readonly isEventHandler: boolean;
  readonly options: Readonly<Record<PropertyKey, unknown>>;
  /** `Class.method` of the class that Nest has made, where it is known. */
  readonly name: string | undefined;
  /** `Class.method` of the class that has the decorator, where it is known. */
  readonly declaredName: string | undefined;
}

/** One call of Nest's to `addHandler`. */
export interface HandlerOffer {
  readonly pattern: unknown;
  readonly callback: MessageHandler;
  readonly isEventHandler: boolean;
  readonly extras: Readonly<Record<PropertyKey, unknown>>;
  /** The controller that the method belongs to, where Nest's registration could be watched. */
  readonly owner: HandlerOwner | undefined;
}

/** What is left to register of a method whose patterns have options of their own. */
interface Registration {
  readonly declared: readonly DeclaredPattern[];
  open: readonly DeclaredPattern[];
}

/**
 * The handlers of a server as Nest hands them over, one for each pattern with the options of its own decorator. Nest tells
 * one set of options for all patterns of a method, and forgets the patterns of all decorators but the topmost.
 */
export class HandlerRegistry {
  private readonly registered: RegisteredHandler[] = [];
  /** By the extras, which are one object per method, and the controller: subclasses share the methods of their base. */
  private readonly registrations = new Map<object, Map<unknown, Registration>>();

  get handlers(): readonly RegisteredHandler[] {
    return this.registered;
  }

  add(offer: HandlerOffer, transportId: symbol): void {
    const registration = this.registrationOf(offer, transportId);
    if (registration === undefined) {
      this.push(offer, offer.pattern, offer.extras);
      return;
    }
    const hasOptionsOfAnother = Object.keys(offer.extras).length > 0;
    if (!hasOptionsOfAnother && registration.declared.some(({ pattern }) => pattern === offer.pattern)) {
      this.take(offer, registration, ({ pattern }) => pattern === offer.pattern);
      return;
    }
    // An `@EventPattern` stands above: of what is below it Nest knows nothing any more.
    this.push(offer, offer.pattern, offer.extras);
    this.take(offer, registration, () => true);
  }

  private take(offer: HandlerOffer, registration: Registration, isWanted: (pattern: DeclaredPattern) => boolean): void {
    for (const { pattern, options } of registration.open.filter(isWanted)) this.push(offer, pattern, { ...options });
    registration.open = registration.open.filter((declared) => !isWanted(declared));
  }

  private push({ callback, isEventHandler, extras, owner }: HandlerOffer, pattern: unknown, options: object): void {
    const declaredName = declarationsIn(extras)?.handlerName;
    const name = owner?.handlerName(extras) ?? declaredName;
    this.registered.push({ pattern, callback, isEventHandler, options: { ...options }, name, declaredName });
  }

  private registrationOf({ extras, owner }: HandlerOffer, transportId: symbol): Registration | undefined {
    const patterns = declarationsIn(extras)?.patterns;
    if (patterns === undefined) return undefined;
    const byOwner = this.registrations.get(extras) ?? new Map<unknown, Registration>();
    this.registrations.set(extras, byOwner);
    const known = byOwner.get(owner?.controller);
    if (known !== undefined) return known;
    const open = patterns.filter(({ transport }) => transport === undefined || transport === transportId);
    const made: Registration = { declared: patterns, open };
    byOwner.set(owner?.controller, made);
    return made;
  }
}
