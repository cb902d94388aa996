/**
 * The id of this transport: a handler bound to it is left alone by the other transports of a hybrid app.
 * A registered symbol, so that it stays the same where an app loads the package twice.
 * @publicApi
 */
export const STAN_TRANSPORT: unique symbol = Symbol.for('nestjs-stan.transport') as never;
