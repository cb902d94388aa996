import { InvalidOptionError } from '../errors/invalid-option.error.js';
import type { InvalidOptionDetails } from '../errors/invalid-option.error.js';
import { nearestName } from '../errors/nearest-name.js';
import { isObject, rulesOf } from './expect.decorator.js';

/**
 * A group of options: a class whose properties are the options, each with its docstring, its rule (a decorator, or the
 * option is not known) and its default (the initial value). Nothing else repeats them.
 * @internal
 */
export type OptionClass<Options> = new () => Options;

/**
 * The options of a group with its defaults in place; `Computed` are those whose default follows from something else.
 * @internal
 */
export type WithDefaults<Options, Computed extends keyof Options> = Required<Omit<Options, Computed>> &
  Pick<Options, Computed>;

/**
 * The values that the options of a group have when they are not given.
 * @internal
 */
export function defaultsOf<Options extends object>(group: OptionClass<Options>): Required<Options>;
/** @internal */
export function defaultsOf<Options extends object, Computed extends keyof Options>(
  group: OptionClass<Options>,
): WithDefaults<Options, Computed>;
export function defaultsOf<Options extends object, Computed extends keyof Options>(
  group: OptionClass<Options>,
): WithDefaults<Options, Computed> {
  return { ...new group() } as unknown as WithDefaults<Options, Computed>;
}

/**
 * Where a group of options stands, for error messages: in whose options, and under which name in them.
 * @internal
 */
export interface OptionPlace {
  readonly owner?: string | undefined;
  /** The group's own name, such as `reconnect`; `undefined` for the outermost group. */
  readonly path?: string | undefined;
  /** Where else an option of this name belongs, found in the group of this path. */
  readonly elsewhere?: ((name: string, path: string | undefined) => string | undefined) | undefined;
  /** Makes the error that refuses an option; an `InvalidOptionError` where it is left out. */
  readonly refuse?: (refusal: OptionRefusal) => InvalidOptionError;
}

/** @internal */
export interface OptionRefusal {
  readonly option: string;
  readonly expected: string;
  readonly received: unknown;
  readonly details: InvalidOptionDetails;
}

/** @internal */
export function optionName({ path }: OptionPlace, name: string): string {
  return path === undefined ? name : `${path}.${name}`;
}

/**
 * Reads a group of options by its rules: refuses a value that is not an object, an unknown name or an illegal value; returns a new
 * object with the values that were given, skipping `undefined`. The input is neither changed nor kept.
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 * @internal
 */
export function readOptionGroup<Options extends object>(
  group: OptionClass<Options>,
  input: unknown,
  place: OptionPlace = {},
): Partial<Options> {
  refuseUnknownNames([group], input, place);
  return readKnownOptions(group, input, place);
}

/**
 * Like {@link readOptionGroup}, for one of several groups that share an object: names of the others are left alone.
 * @internal
 */
export function readKnownOptions<Options extends object>(
  group: OptionClass<Options>,
  input: object,
  place: OptionPlace = {},
): Partial<Options> {
  const candidate = new group() as Record<string, unknown>;
  const given: Record<string, unknown> = {};
  for (const name of namesOf(group)) {
    // Read by name, so that getters and prototypes (a configuration class) work as plain objects do.
    const value = (input as Record<string, unknown>)[name];
    if (value === undefined) continue;
    candidate[name] = value;
    given[name] = value;
  }
  refuseIllegalValues(group, candidate, place);
  // The rules have just proven it, property by property.
  return given as Partial<Options>;
}

/**
 * Refuses a value that is not an object, and every name that is not in any of the groups; the error suggests the nearest known name.
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 * @internal
 */
export function refuseUnknownNames(
  groups: readonly (new () => object)[],
  input: unknown,
  place: OptionPlace,
): asserts input is object {
  refuseNamesBeside(groups.flatMap(namesOf), input, place);
}

/**
 * {@link refuseUnknownNames} for names that no group declares.
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 * @internal
 */
export function refuseNamesBeside(
  known: readonly string[],
  input: unknown,
  place: OptionPlace,
): asserts input is object {
  if (!isObject(input)) throw refusal(place, place.path ?? 'options', { expected: 'an object', received: input });
  for (const [name, value] of Object.entries(input)) {
    if (known.includes(name)) continue;
    // A string under an unknown name may be a password: of its group only the names are shown.
    const received: unknown = typeof value === 'string' ? input : value;
    const nearest = place.elsewhere?.(name, place.path) ?? nearestName(name, known);
    throw refusal(place, optionName(place, name), { expected: 'a known option', received, nearest });
  }
}

function refuseIllegalValues(
  group: new () => object,
  candidate: Readonly<Record<string, unknown>>,
  place: OptionPlace,
): void {
  for (const { option, expected, isRequired, accepts } of rulesOf(group)) {
    const value = candidate[option];
    const isAsked = isRequired || value !== undefined;
    if (isAsked && !accepts(value)) throw refusal(place, optionName(place, option), { expected, received: value });
  }
}

interface Finding {
  readonly expected: string;
  readonly received: unknown;
  readonly nearest?: string | undefined;
}

function refusal({ owner, refuse }: OptionPlace, option: string, finding: Finding): InvalidOptionError {
  const { expected, received, nearest } = finding;
  const details = { nearest, owner };
  if (refuse !== undefined) return refuse({ option, expected, received, details });
  return new InvalidOptionError(option, expected, received, details);
}

/**
 * The names of a group's options, in the order in which they are declared.
 * @internal
 */
export function namesOf(group: new () => object): string[] {
  return [...new Set(rulesOf(group).map(({ option }) => option))];
}
