import { maxInt32, maxTimerMs, maxWholeSecondsMs } from './option-limits.js';

/**
 * A rule for one option.
 * @internal
 */
export interface OptionRule {
  readonly option: string;
  /** In words that complete "expected …". */
  readonly expected: string;
  /** Whether the rule is asked where the option is not given. */
  readonly isRequired: boolean;
  readonly accepts: (value: unknown) => boolean;
}

const rules = Symbol('rules');

interface GroupWithRules {
  [rules]?: readonly OptionRule[];
}

/**
 * A rule for one option: what is expected, in words that complete "expected …", and the test of it.
 *
 * A list of our own rather than class-validator's: that package takes longer to load than all of this one, and a server
 * that starts in a test or on a command line would wait for it.
 * @internal
 */
export function Expect(expected: string, accepts: (value: unknown) => boolean): PropertyDecorator {
  return addRule({ expected, accepts, isRequired: false });
}

/**
 * The rule of an option that has to be given.
 * @internal
 */
export function ExpectGiven(expected: string): PropertyDecorator {
  const accepts = (value: unknown): boolean => value !== undefined && value !== null;
  return addRule({ expected, accepts, isRequired: true });
}

function addRule(rule: Omit<OptionRule, 'option'>): PropertyDecorator {
  return (prototype: GroupWithRules, option) => {
    // On a subclass this begins a list of its own, after what it inherits.
    prototype[rules] = [...(prototype[rules] ?? []), { ...rule, option: String(option) }];
  };
}

/**
 * The rules of a group's options, in the order in which the options are declared.
 * @internal
 */
export function rulesOf(group: new () => object): readonly OptionRule[] {
  return (group.prototype as GroupWithRules)[rules] ?? [];
}

/**
 * The range of a whole number; `max` where nothing else is said is what the protocol's int32 holds.
 * @internal
 */
export interface WholeNumberRange {
  readonly min: number;
  readonly max?: number;
}

/** @internal */
export function ExpectWholeNumber({ min, max = maxInt32 }: WholeNumberRange): PropertyDecorator {
  return Expect(`a whole number from ${min} to ${max}`, (value) => isWithin(value, min, max));
}

/** @internal */
export function ExpectAtLeast(min: number): PropertyDecorator {
  return Expect(`a whole number, ${min} or more`, (value) => Number.isInteger(value) && (value as number) >= min);
}

/** @internal */
export function ExpectDurationMs({ min, max = maxTimerMs }: WholeNumberRange): PropertyDecorator {
  return Expect(`whole milliseconds from ${min} to ${max}`, (value) => isWithin(value, min, max));
}

/** @internal */
export function ExpectWholeSecondsMs(): PropertyDecorator {
  return Expect(
    `whole seconds in milliseconds, from 1000 to ${maxWholeSecondsMs}`,
    (value) => isWithin(value, 1_000, maxWholeSecondsMs) && value % 1_000 === 0,
  );
}

/** @internal */
export function ExpectFraction(): PropertyDecorator {
  return Expect('a number from 0 to 1', (value) => typeof value === 'number' && value >= 0 && value <= 1);
}

/** @internal */
export function ExpectOneOf(values: readonly string[]): PropertyDecorator {
  return Expect(`one of ${values.map((value) => `"${value}"`).join(', ')}`, (value) =>
    values.includes(value as string),
  );
}

/** @internal */
export function ExpectObject(): PropertyDecorator {
  return Expect('an object', isObject);
}

/** @internal */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWithin(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}
