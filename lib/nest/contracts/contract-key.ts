/**
 * Under this key a contract's decorator hands its rules on to the server. A symbol, so that it is no option.
 * @internal
 */
export const contractKey: unique symbol = Symbol.for('nestjs-stan.contract') as never;
