import type { StanSubscriptionOptions } from '../../core/options/index.js';

/** One pattern that a decorator has put on a method, with its own options. */
export interface DeclaredPattern {
  readonly pattern: unknown;
  readonly options: StanSubscriptionOptions;
  /** The server that it is for; `undefined` for every server of the app. */
  readonly transport: unknown;
}

/** What the decorators of one method say: Nest itself keeps one set of options and one transport for all patterns. */
export interface MethodDeclarations {
  /** `Class.method`, of the class that has the decorators. */
  readonly handlerName: string;
  readonly patterns: readonly DeclaredPattern[];
}

/**
 * Under this key `@StanEventPattern` hands on what it says, beside the options of Nest's own decorator. A symbol, so that
 * it is no option; registered, so that another copy of this package knows it too.
 */
export const declarationsKey: unique symbol = Symbol.for('nestjs-stan.declarations') as never;

/** Nest's own names of what its decorators leave on a method (@nestjs/microservices 11 and 12, constants). */
const metadata = {
  pattern: 'microservices:pattern',
  transport: 'microservices:transport',
  extras: 'microservices:pattern_extras',
  handlerType: 'microservices:handler_type',
} as const;
/** Nest's PatternHandler.MESSAGE. */
const messageHandler = 1;

/** What Nest's metadata says about a method: of the last decorator alone. */
export interface NestPatterns {
  readonly patterns: readonly unknown[];
  readonly transport: unknown;
  readonly extras: Readonly<Record<PropertyKey, unknown>>;
  readonly isMessageHandler: boolean;
}

/** Reads what Nest's decorators have left on a method; `undefined` where there are none. */
export function nestPatternsOf(method: object): NestPatterns | undefined {
  const read = (name: keyof typeof metadata): unknown => Reflect.getMetadata(metadata[name], method);
  const patterns = read('pattern');
  if (!Array.isArray(patterns)) return undefined;
  const extras = read('extras') as NestPatterns['extras'] | undefined;
  return {
    patterns,
    transport: read('transport'),
    extras: extras ?? {},
    isMessageHandler: read('handlerType') === messageHandler,
  };
}

/** Puts options aside that a decorator further down has left, so that they do not mix with those of the next one. */
export function clearExtras(method: object): void {
  Reflect.defineMetadata(metadata.extras, {}, method);
}

/** What `@StanEventPattern` has left among a method's extras. */
export function declarationsIn(extras: Readonly<Record<PropertyKey, unknown>>): MethodDeclarations | undefined {
  return extras[declarationsKey] as MethodDeclarations | undefined;
}
