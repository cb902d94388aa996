/**
 * Names of the classes whose instances another copy of this package in the same process has to know: its ES modules beside
 * its CommonJS build, or two versions. `instanceof` knows those of its own copy alone.
 */
type Brand = 'StanContext' | 'NonRetriableException' | 'RetryLaterException' | 'StanRecord';

/** Looked up once: each publish asks for one. */
const keys: Readonly<Record<Brand, symbol>> = {
  StanContext: Symbol.for('nestjs-stan.is.StanContext'),
  NonRetriableException: Symbol.for('nestjs-stan.is.NonRetriableException'),
  RetryLaterException: Symbol.for('nestjs-stan.is.RetryLaterException'),
  StanRecord: Symbol.for('nestjs-stan.is.StanRecord'),
};

/**
 * Marks all instances of a class; called from its static block.
 * @internal
 */
export function setBrand(owner: { readonly prototype: object }, brand: Brand): void {
  Object.defineProperty(owner.prototype, keys[brand], { value: true });
}

/**
 * Tells whether a value is an instance of a class, whichever copy of this package made it. Never throws.
 * @internal
 */
export function hasBrand(value: unknown, brand: Brand): value is object {
  if (typeof value !== 'object' || value === null) return false;
  try {
    return (value as Readonly<Record<symbol, unknown>>)[keys[brand]] === true;
  } catch {
    // A revoked proxy.
    return false;
  }
}
