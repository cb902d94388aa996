import type { StandardSchema } from './standard-schema.js';

declare const payloadType: unique symbol;
declare const versionTypes: unique symbol;

/**
 * A payload whose type is known to the compiler alone; made by {@link payload}.
 * @publicApi
 */
export class TypeOnlyPayload<T> {
  declare readonly [payloadType]: T;
}

/**
 * Says what type an event's payload has, without a check at run time.
 * @publicApi
 */
export function payload<T>(): TypeOnlyPayload<T> {
  return new TypeOnlyPayload<T>();
}

/**
 * A class with class-validator's decorators.
 * @publicApi
 */
export type PayloadClass<T extends object = object> = new (...values: never[]) => T;

/**
 * Whatever can say what a payload is: a schema of a Standard Schema library (zod, valibot, arktype …), a class with
 * class-validator's decorators, or `payload<T>()`.
 * @publicApi
 */
export type PayloadSchema = StandardSchema | PayloadClass | TypeOnlyPayload<unknown>;

/**
 * The type that a publisher gives for this schema.
 * @publicApi
 */
export type InputOf<Schema> =
  Schema extends VersionedPayload<infer Input, unknown>
    ? Input
    : Schema extends TypeOnlyPayload<infer T>
      ? T
      : Schema extends { readonly '~standard': { readonly types?: infer Types } }
        ? NonNullable<Types> extends { readonly input: infer Input }
          ? Input
          : unknown
        : Schema extends abstract new (...values: never[]) => infer T
          ? T
          : never;

/**
 * The type that a handler gets for this schema.
 * @publicApi
 */
export type OutputOf<Schema> =
  Schema extends VersionedPayload<unknown, infer Output>
    ? Output
    : Schema extends TypeOnlyPayload<infer T>
      ? T
      : Schema extends { readonly '~standard': { readonly types?: infer Types } }
        ? NonNullable<Types> extends { readonly output: infer Output }
          ? Output
          : unknown
        : Schema extends abstract new (...values: never[]) => infer T
          ? T
          : never;

/** One version: its schema, and how a payload of the version before becomes one. */
export interface PayloadVersion {
  readonly schema: PayloadSchema;
  readonly upcast?: (old: never) => unknown;
}

/**
 * The versions of one event, oldest first; made by {@link firstVersion}. Versions need payloads that are objects.
 * @publicApi
 */
export class VersionedPayload<Input = unknown, Output = unknown> {
  declare readonly [versionTypes]: { readonly input: Input; readonly output: Output };

  /** @internal */
  constructor(readonly versions: readonly PayloadVersion[]) {}

  /**
   * Adds the next version.
   * @param schema - what a payload of it is
   * @param upcast - makes one from a valid payload of the version before
   */
  next<Schema extends PayloadSchema>(
    schema: InputOf<Schema> extends object ? Schema : never,
    upcast: (old: Output) => InputOf<Schema>,
  ): VersionedPayload<InputOf<Schema>, OutputOf<Schema>> {
    return new VersionedPayload([...this.versions, { schema, upcast }]);
  }
}

/**
 * Begins the versions of an event: the position in the chain is the version.
 * @publicApi
 */
export function firstVersion<Schema extends PayloadSchema>(
  schema: InputOf<Schema> extends object ? Schema : never,
): VersionedPayload<InputOf<Schema>, OutputOf<Schema>> {
  return new VersionedPayload([{ schema }]);
}
