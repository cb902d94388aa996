/**
 * Option names that are not ours: those of the client that the default driver is built on, and what other clients call
 * our options. They stand beside the driver; core only looks them up.
 * @internal
 */
export interface DriverOptionNames {
  /** What the client takes in `connection`, as it is given. */
  readonly passedOn: readonly string[];
  /** What the driver sets in the client itself, so that it is refused in `connection`. */
  readonly setByDriver: readonly string[];
  /** By the name of ours, what other clients and transports call the option. */
  readonly otherNames: Readonly<Record<string, readonly string[]>>;
}
