import { declarationsIn, nestPatternsOf } from '../decorators/declared-patterns.js';
import type { NestPatterns } from '../decorators/declared-patterns.js';

/** A method that looks like a handler and is none. */
export interface IgnoredMethod {
  /** `Class.method` */
  readonly name: string;
  readonly reason: string;
}

interface InstanceWrapper {
  readonly instance?: unknown;
}

/** The modules of an app, as far as they are looked at (@nestjs/core, ModulesContainer). */
export type NestModules = ReadonlyMap<
  string,
  {
    readonly controllers: ReadonlyMap<unknown, InstanceWrapper>;
    readonly providers: ReadonlyMap<unknown, InstanceWrapper>;
  }
>;

/** The methods of an app that have a decorator for this server, or override one that has, and that Nest passes over. */
export function findIgnoredMethods(modules: NestModules, transportId: unknown): readonly IgnoredMethod[] {
  const controllers = prototypesOf(modules, 'controllers');
  const providers = prototypesOf(modules, 'providers').filter((prototype) => !controllers.includes(prototype));
  return [
    ...controllers.flatMap((prototype) => ignoredInController(prototype, transportId)),
    ...providers.flatMap((prototype) => ignoredInProvider(prototype, transportId)),
  ];
}

function prototypesOf(modules: NestModules, kind: 'controllers' | 'providers'): object[] {
  const found = new Set<object>();
  for (const module of modules.values()) {
    for (const { instance } of module[kind].values()) {
      if (typeof instance !== 'object' || instance === null) continue;
      const prototype: unknown = Object.getPrototypeOf(instance);
      if (typeof prototype === 'object' && prototype !== null && prototype !== Object.prototype) found.add(prototype);
    }
  }
  return [...found];
}

function ignoredInController(prototype: object, transportId: unknown): IgnoredMethod[] {
  return methodsOf(prototype).flatMap(({ key, method, overridden }) => {
    const name = `${classNameOf(prototype)}.${key}`;
    const own = nestPatternsOf(method);
    if (own !== undefined) {
      if (isFor(own, transportId) || !declaresFor(own, transportId)) return [];
      const reason =
        'the @EventPattern above its @StanEventPattern is for another transport; give it a method of its own';
      return [{ name, reason }];
    }
    const base = overridden.map(nestPatternsOf).find((patterns) => patterns !== undefined);
    if (base === undefined || !isFor(base, transportId)) return [];
    const reason = `it overrides a method that handles ${shown(base)} and has no decorator itself; repeat the decorator`;
    return [{ name, reason }];
  });
}

function ignoredInProvider(prototype: object, transportId: unknown): IgnoredMethod[] {
  return methodsOf(prototype).flatMap(({ key, method }) => {
    const patterns = nestPatternsOf(method);
    if (patterns === undefined || patterns.isMessageHandler || !isFor(patterns, transportId)) return [];
    const reason = `it is marked to handle ${shown(patterns)}, but its class is a provider; Nest takes handlers from controllers only`;
    return [{ name: `${classNameOf(prototype)}.${key}`, reason }];
  });
}

interface Method {
  readonly key: string;
  readonly method: object;
  /** The methods of its name further up the chain. */
  readonly overridden: readonly object[];
}

function methodsOf(prototype: object): Method[] {
  const byKey = new Map<string, object[]>();
  for (let current: object | null = prototype; current !== null && current !== Object.prototype;) {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(current))) {
      if (typeof value !== 'function' || key === 'constructor') continue;
      byKey.set(key, [...(byKey.get(key) ?? []), value as object]);
    }
    current = Object.getPrototypeOf(current) as object | null;
  }
  return [...byKey].map(([key, [method, ...overridden]]) => ({ key, method: method as object, overridden }));
}

/** Nest passes by what is for another transport; what is for none in particular goes to every server. */
function isFor({ transport }: NestPatterns, transportId: unknown): boolean {
  return transport === undefined || transport === transportId;
}

function declaresFor({ extras }: NestPatterns, transportId: unknown): boolean {
  return declarationsIn(extras)?.patterns.some(({ transport }) => transport === transportId) ?? false;
}

function shown({ patterns }: NestPatterns): string {
  return patterns.map((pattern) => (typeof pattern === 'string' ? `"${pattern}"` : 'a pattern')).join(' and ');
}

function classNameOf(prototype: object): string {
  return prototype.constructor.name;
}
