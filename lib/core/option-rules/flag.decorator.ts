/**
 * What a command-line flag takes; a `switch` takes nothing, or `true` and `false` behind `=`.
 * @internal
 */
export type FlagKind = 'text' | 'number' | 'duration' | 'size' | 'switch';

/**
 * The flag that sets an option from the command line.
 * @internal
 */
export interface FlagFacts {
  readonly kind: FlagKind;
  /** Every name that it goes by. */
  readonly names: readonly [string, ...string[]];
  /** What stands for the value in the help text, where its kind does not say enough. */
  readonly value?: string;
  /** The only values that it takes, in upper case; others are refused. */
  readonly oneOf?: readonly string[];
  readonly help: string;
}

/** @internal */
export interface DeclaredFlag extends FlagFacts {
  /** The name of the option. */
  readonly option: string;
}

const declaredFlags = Symbol('declaredFlags');

interface GroupWithFlags {
  [declaredFlags]?: readonly DeclaredFlag[];
}

/**
 * Lets a flag of the `nestjs-stan server` command set this option.
 * @internal
 */
export function Flag(facts: FlagFacts): PropertyDecorator {
  return (prototype: GroupWithFlags, option) => {
    // On a subclass this begins a list of its own, after what it inherits.
    prototype[declaredFlags] = [...(prototype[declaredFlags] ?? []), { ...facts, option: String(option) }];
  };
}

/**
 * The flags of a group's options, in the order in which they are declared.
 * @internal
 */
export function flagsOf(group: new () => object): readonly DeclaredFlag[] {
  return (group.prototype as GroupWithFlags)[declaredFlags] ?? [];
}
