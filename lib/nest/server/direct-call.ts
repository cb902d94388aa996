import type { MessageHandler } from '@nestjs/microservices';
import { AsyncResource } from 'node:async_hooks';

/** A handler's method between Nest's exception handling and the transport: what Nest makes of it, or less. */
export type HandlerCall = (data: unknown, context: unknown) => unknown;

/** What is used of Nest's own (@nestjs/microservices 11.1 and 12.1, context/rpc-context-creator). */
export interface ContextCreator {
  create: (...values: unknown[]) => HandlerCall;
  readonly getMetadata?: (...values: unknown[]) => { readonly argsLength?: number };
  readonly createPipesFn?: (pipes: unknown, params: unknown) => unknown;
  readonly createGuardsFn?: (guards: unknown, instance: unknown, callback: unknown, ...rest: unknown[]) => unknown;
  readonly interceptorsContextCreator?: Creator;
  readonly rpcProxy?: Creator;
  readonly applicationConfig?: { readonly getGlobalPreRequestHooks?: () => readonly unknown[] };
}

interface Creator {
  readonly create?: (...values: unknown[]) => unknown;
}

/** One parameter of a handler, as Nest fills it. */
interface Parameter {
  readonly index: number;
  /** A number for Nest's own decorators; custom ones have functions of their own, which may do anything. */
  readonly type: unknown;
  readonly extractValue: (...values: unknown[]) => unknown;
  readonly pipes: readonly unknown[];
}

/** What Nest has put together for one handler. */
interface Parts {
  argsLength?: unknown;
  pipes?: unknown;
  params?: unknown;
  guards?: unknown;
  interceptors?: unknown;
  instance?: unknown;
  callback?: unknown;
  /** What Nest's proxy is made with beside the call: the exception filters. */
  handling?: readonly unknown[];
  proxy?: unknown;
}

/** By the function that Nest registers: one that a subclass has wrapped is another. Shared between copies of this package. */
const directCallKey = Symbol.for('nestjs-stan.directCall');

/**
 * The shorter way to the method of a handler, where there is one. What it returns may be the result itself rather than a
 * promise of it.
 */
export function directCallOf(handler: MessageHandler): HandlerCall | undefined {
  // A handler that somebody has linked another one to is Nest's to call.
  return handler.next === undefined ? (handler as { [directCallKey]?: HandlerCall })[directCallKey] : undefined;
}

/**
 * Watches how Nest makes the call of each handler and puts the shorter one on what it registers. Nest takes about ten
 * promises to a method that has no guards, pipes and interceptors, since it might have them.
 */
export class DirectCalls {
  private parts: Parts = {};
  private latest: HandlerCall | undefined;

  /** The creator that Nest is to use meanwhile. */
  watched(creator: ContextCreator): ContextCreator {
    // One for all handlers: Nest's calls hold on to it.
    const noting = this.noting(creator);
    const create: ContextCreator['create'] = (...values) => {
      this.parts = {};
      const call = Reflect.apply(creator.create, noting, values);
      // Where somebody has put a call of their own around Nest's, that one is called.
      this.latest = call === this.parts.proxy ? shorterCall(creator, this.parts, call) : undefined;
      this.parts = {};
      return call;
    };
    return Object.create(creator, { create: { value: create } }) as ContextCreator;
  }

  /** To be told of what Nest registers. */
  registered(handler: unknown): void {
    const { latest } = this;
    this.latest = undefined;
    if (latest === undefined || typeof handler !== 'function') return;
    Object.defineProperty(handler, directCallKey, { value: latest });
  }

  /** The same creator, which notes what it puts together. */
  private noting(creator: ContextCreator): ContextCreator {
    const { interceptorsContextCreator, rpcProxy } = creator;
    const noted: Record<keyof Omit<ContextCreator, 'create' | 'applicationConfig'>, unknown> = {
      getMetadata: (...values: unknown[]) => {
        const metadata = creator.getMetadata?.(...values);
        this.parts.argsLength = metadata?.argsLength;
        return metadata;
      },
      createPipesFn: (pipes: unknown, params: unknown) => {
        Object.assign(this.parts, { pipes, params });
        return creator.createPipesFn?.(pipes, params);
      },
      createGuardsFn: (guards: unknown, instance: unknown, callback: unknown, ...rest: unknown[]) => {
        Object.assign(this.parts, { guards, instance, callback });
        return creator.createGuardsFn?.(guards, instance, callback, ...rest);
      },
      interceptorsContextCreator: withCreate(interceptorsContextCreator, (...values) => {
        this.parts.interceptors = interceptorsContextCreator?.create?.(...values);
        return this.parts.interceptors;
      }),
      rpcProxy: withCreate(rpcProxy, (call, ...handling) => {
        this.parts.handling = handling;
        this.parts.proxy = rpcProxy?.create?.(call, ...handling);
        return this.parts.proxy;
      }),
    };
    const properties = Object.entries(noted).map(([name, value]) => [name, { value }] as const);
    return Object.create(creator, Object.fromEntries(properties)) as ContextCreator;
  }
}

function withCreate(creator: Creator | undefined, create: Creator['create']): Creator | undefined {
  return creator === undefined ? undefined : (Object.create(creator, { create: { value: create } }) as Creator);
}

/**
 * Calls the method at once where nothing stands before it. What it throws, and any result that may not be the end of it
 * (a promise, a stream, a generator), is given to Nest's own proxy, which knows the exception filters.
 */
function shorterCall(creator: ContextCreator, parts: Parts, call: HandlerCall): HandlerCall | undefined {
  const { instance, callback, handling = [], argsLength, params } = parts;
  const { rpcProxy, applicationConfig } = creator;
  const hooks = applicationConfig?.getGlobalPreRequestHooks?.() ?? [];
  const isBare = [parts.guards, parts.interceptors, parts.pipes, hooks].every(isEmpty);
  if (!isBare || !isPlainParameters(params) || typeof callback !== 'function' || typeof argsLength !== 'number')
    return undefined;
  const settled = (data: unknown, context: unknown, outcome: () => unknown): unknown =>
    (rpcProxy?.create?.(outcome, ...handling) as HandlerCall)(data, context);
  const method = callback as (...values: unknown[]) => unknown;
  return (data, context) => {
    let result: unknown;
    try {
      const values = params.length === 0 ? [data, context] : new Array<unknown>(argsLength).fill(undefined);
      for (const { index, extractValue } of params) {
        const value = extractValue(data, context);
        // Nest awaits each.
        if (isThenable(value)) return call(data, context);
        values[index] = value;
      }
      // What it enters (AsyncLocalStorage.enterWith) is not seen by a filter, as behind Nest's promises.
      result = new AsyncResource('StanHandler', manualDestroy).runInAsyncScope(method, instance, ...values);
    } catch (error) {
      return settled(data, context, () => {
        throw error;
      });
    }
    const isOver = result === null || (typeof result !== 'object' && typeof result !== 'function');
    return isOver ? result : settled(data, context, () => result);
  };
}

/** One object for all: making it takes as long as the resource. */
const manualDestroy = { requireManualDestroy: true };

function isEmpty(parts: unknown): boolean {
  return Array.isArray(parts) && parts.length === 0;
}

function isPlainParameters(params: unknown): params is readonly Parameter[] {
  if (!Array.isArray(params)) return false;
  return (params as readonly Partial<Parameter>[]).every(
    ({ index, type, extractValue, pipes }) =>
      typeof index === 'number' && typeof type === 'number' && typeof extractValue === 'function' && isEmpty(pipes),
  );
}

function isThenable(value: unknown): boolean {
  const mayBe = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return mayBe && typeof (value as { then?: unknown }).then === 'function';
}
