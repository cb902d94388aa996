/** What a member of another package's object may have to be. */
const kinds = {
  'a function': (value: unknown) => typeof value === 'function',
  'an object': (value: unknown) => typeof value === 'object' && value !== null,
  'a string': (value: unknown) => typeof value === 'string',
  'a number': (value: unknown) => typeof value === 'number',
  bytes: (value: unknown) => value instanceof Uint8Array,
  'bytes or null': (value: unknown) => value === null || value instanceof Uint8Array,
  'unset or a boolean': (value: unknown) => value === undefined || typeof value === 'boolean',
} as const;

/** @internal */
export type MemberKind = keyof typeof kinds;

/** @internal */
export interface WrongMember {
  readonly name: string;
  readonly expected: MemberKind;
  readonly got: unknown;
}

/**
 * The first member of an object of another package that is not of the kind that a driver relies on.
 * @internal
 */
export function findWrongMember(
  members: Readonly<Record<string, MemberKind | undefined>>,
  owner: object,
): WrongMember | undefined {
  for (const [name, expected] of Object.entries(members)) {
    const got: unknown = Reflect.get(owner, name);
    if (expected !== undefined && !kinds[expected](got)) return { name, expected, got };
  }
  return undefined;
}
