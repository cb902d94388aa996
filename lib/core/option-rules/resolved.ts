/**
 * A group of options once it is complete: every option is there. `Changed` holds those that resolving turns into something
 * else, and what it adds.
 * @internal
 */
export type Resolved<Options, Changed = unknown> = Readonly<Omit<Required<Options>, keyof Changed>> & Readonly<Changed>;

/**
 * {@link Resolved}, with `undefined` for every option that `false` switches off.
 * @internal
 */
export type ResolvedSwitches<Options> = {
  readonly [Name in keyof Options]-?: false extends Options[Name]
    ? Exclude<Options[Name], boolean | undefined> | undefined
    : Exclude<Options[Name], undefined>;
};
