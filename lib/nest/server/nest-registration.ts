import { NestMicroservice } from '@nestjs/microservices';
import type { MessageHandler } from '@nestjs/microservices';

import { nestPatternsOf } from '../decorators/declared-patterns.js';
import type { NestPatterns } from '../decorators/declared-patterns.js';
import { assertPattern } from '../event-pattern.js';
import { DirectCalls } from './direct-call.js';
import type { ContextCreator } from './direct-call.js';
import { findIgnoredMethods } from './ignored-methods.js';
import type { NestModules, IgnoredMethod } from './ignored-methods.js';

/** The controller whose methods Nest is about to hand over. */
export interface HandlerOwner {
  /** Tells one controller from another, also where their classes share a name. */
  readonly controller: object;
  /** `Class.method` of the method with these extras: the class that Nest has made, not the one with the decorator. */
  handlerName(extras: object): string | undefined;
}

/** What a server is told while Nest registers its handlers. */
export interface RegistrationListener {
  registering(owner: HandlerOwner | undefined): void;
  /** Which methods of the app have a decorator and will not be subscribed. */
  surveyed(findIgnoredMethods: (transportId: unknown) => readonly IgnoredMethod[]): void;
}

/** Under this key a server of any copy of this package is a {@link RegistrationListener}. */
export const witnessKey: unique symbol = Symbol.for('nestjs-stan.registrationWitness') as never;

const alreadyWatched = Symbol.for('nestjs-stan.registrationWatched');

/** What is used of Nest's own objects (@nestjs/microservices 11.1 and 12.1, nest-microservice, listeners-controller). */
interface NestInternals {
  readonly serverInstance?: { [witnessKey]?: RegistrationListener };
  readonly container?: { getModules?: () => NestModules };
  readonly microservicesModule?: { readonly listenersController?: ListenersController };
}

interface ListenersController {
  contextCreator?: ContextCreator;
  registerPatternHandlers?: (wrapper: ControllerWrapper, server: NestServer, ...rest: unknown[]) => unknown;
}

interface NestServer {
  addHandler(pattern: unknown, callback: MessageHandler, ...rest: unknown[]): unknown;
}

interface ControllerWrapper {
  readonly instance?: object;
  readonly metatype?: { readonly name?: string };
}

/**
 * Lets a server see whose methods it is given: Nest hands over the bare function, so subclasses of one base and classes of
 * one name could not be told apart, and a method that Nest passes over would never be missed. Where Nest's own objects are
 * not as expected nothing is watched: handlers are then named after the class that has the decorator.
 */
export function watchRegistration(): void {
  const prototype = NestMicroservice.prototype as object;
  if (Object.hasOwn(prototype, alreadyWatched)) return;
  Object.defineProperty(prototype, alreadyWatched, { value: true });
  const original: unknown = Reflect.get(prototype, 'registerListeners');
  if (typeof original !== 'function') return;
  const replacement = function (this: NestInternals): unknown {
    const witness = this.serverInstance?.[witnessKey];
    const register = () => Reflect.apply(original, this, []) as unknown;
    return witness === undefined ? register() : registerWatched(this, witness, register);
  };
  Object.defineProperty(prototype, 'registerListeners', { value: replacement, configurable: true, writable: true });
}

function registerWatched(nest: NestInternals, witness: RegistrationListener, register: () => unknown): unknown {
  const modules = nest.container?.getModules?.();
  if (modules !== undefined) witness.surveyed((transportId) => findIgnoredMethods(modules, transportId));
  const listeners = nest.microservicesModule?.listenersController;
  const original = listeners?.registerPatternHandlers;
  if (listeners === undefined || original === undefined) return register();
  const { contextCreator } = listeners;
  const calls = new DirectCalls();
  listeners.registerPatternHandlers = function (wrapper, server, ...rest) {
    const owner = ownerOf(wrapper);
    if (wrapper.instance !== undefined) refuseSymbols(wrapper.instance, wrapper.metatype?.name ?? '');
    witness.registering(owner);
    try {
      return Reflect.apply(original, listeners, [wrapper, telling(server, calls), ...rest]);
    } finally {
      witness.registering(undefined);
    }
  };
  if (contextCreator?.create !== undefined) listeners.contextCreator = calls.watched(contextCreator);
  try {
    return register();
  } finally {
    listeners.registerPatternHandlers = original;
    if (contextCreator !== undefined) listeners.contextCreator = contextCreator;
  }
}

/** The same server, which tells of each handler that Nest gives it before anybody can wrap it. */
function telling(server: NestServer, calls: DirectCalls): NestServer {
  const addHandler: NestServer['addHandler'] = (pattern, callback, ...rest) => {
    calls.registered(callback);
    return server.addHandler(pattern, callback, ...rest);
  };
  return Object.create(server, { addHandler: { value: addHandler } }) as NestServer;
}

function ownerOf({ instance, metatype }: ControllerWrapper): HandlerOwner | undefined {
  const className = metatype?.name;
  if (instance === undefined || className === undefined) return undefined;
  let methods: ReadonlyMap<object, string> | undefined;
  return {
    controller: instance,
    handlerName: (extras) => {
      // Asked for each of its methods, and all are looked through for it.
      methods ??= methodsByExtras(instance);
      const method = methods.get(extras);
      return method === undefined ? undefined : `${className}.${method}`;
    },
  };
}

/** Nest itself fails on them with a bare TypeError, before it hands them over. */
function refuseSymbols(instance: object, className: string): void {
  for (const [name, { patterns }] of decoratedMethods(instance)) {
    const symbol = patterns.find((pattern) => typeof pattern === 'symbol');
    if (symbol !== undefined) assertPattern(symbol, `${className}.${name}`);
  }
}

/** Nest gives each decorated method an object of extras of its own. */
function methodsByExtras(instance: object): Map<object, string> {
  const methods = new Map<object, string>();
  for (const [name, { extras }] of decoratedMethods(instance)) {
    if (typeof extras === 'object' && !methods.has(extras)) methods.set(extras, name);
  }
  return methods;
}

/** The methods of an object that have a decorator of Nest's, its own before those that it inherits. */
function decoratedMethods(instance: object): (readonly [name: string, patterns: NestPatterns])[] {
  const found: (readonly [string, NestPatterns])[] = [];
  for (let prototype: unknown = Object.getPrototypeOf(instance); prototype !== null;) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype as object))) {
      const patterns = typeof value === 'function' ? nestPatternsOf(value as object) : undefined;
      if (patterns !== undefined) found.push([name, patterns]);
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return found;
}
