/**
 * A command cannot do what it was asked: told to the person at the terminal, without a stack.
 * @internal
 */
export class CommandError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
