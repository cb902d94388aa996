/**
 * Under this key `@StanEventPattern` hands the name of its method on, since Nest gives a transport only the function.
 * A symbol, so that it is no option.
 * @internal
 */
export const handlerNameKey: unique symbol = Symbol.for('nestjs-stan.handlerName') as never;
