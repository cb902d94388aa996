/** What a function can throw, emit or return that breaks whoever looks at it without care. Made anew for each use. */
export const exoticValues: Readonly<Record<string, () => unknown>> = {
  nothing: () => undefined,
  null: () => null,
  'an empty text': () => '',
  'a long text': () => 'x'.repeat(1_200_000),
  'text with control characters': () => '\u001b[2J\r\n\u0000\u009b',
  'a lone surrogate': () => '\ud800',
  'a number': () => 7,
  'not a number': () => NaN,
  'a bigint': () => 7n,
  'a symbol': () => Symbol('no'),
  'a function': () => () => undefined,
  'a function whose name is a symbol': () => Object.defineProperty(() => undefined, 'name', { value: Symbol('no') }),
  'a class': () => Map,
  'an object that holds itself': () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    return circular;
  },
  'an object without a prototype': () => Object.create(null) as unknown,
  'an object whose toString throws': () => ({
    toString: () => {
      throw new Error('no text');
    },
    toJSON: () => {
      throw new Error('no JSON');
    },
  }),
  'an object whose getters throw': () => ({
    get name(): string {
      throw new Error('no name');
    },
    get message(): string {
      throw new Error('no message');
    },
    get then(): unknown {
      throw new Error('no then');
    },
  }),
  'a revoked proxy': () => revoked({}),
  'a revoked proxy of a function': () => revoked(() => undefined),
  'a proxy whose traps throw': () =>
    new Proxy(
      {},
      {
        get: (): never => fail('get'),
        getPrototypeOf: (): never => fail('getPrototypeOf'),
        has: (): never => fail('has'),
        ownKeys: (): never => fail('ownKeys'),
      },
    ),
  'a proxy of an error': () => new Proxy(new Error('behind a proxy'), {}),
  'an error': () => new Error('no'),
  'an error with a long text': () => new Error('x'.repeat(1_200_000)),
  'an error whose message is a symbol': () => withProperty('message', { value: Symbol('no') }),
  'an error whose message throws': () => withProperty('message', { get: (): never => fail('message') }),
  'an error whose name throws': () => withProperty('name', { get: (): never => fail('name') }),
  'an error whose stack throws': () => withProperty('stack', { get: (): never => fail('stack') }),
  'an error whose stack is no text': () => withProperty('stack', { value: { deep: 1n } }),
  'an error that is its own cause': () => {
    const error = new Error('round');
    error.cause = error;
    return error;
  },
  'an error whose cause is a revoked proxy': () => new Error('outer', { cause: revoked({}) }),
  'an error of errors': () => new AggregateError([new Error('one'), Symbol('two'), revoked({})], 'both'),
  'a frozen error': () => Object.freeze(new Error('frozen')),
  'a rejected promise': () => Promise.reject(new Error('nobody looks at it')),
  'a rejected promise that hides its then': () =>
    Object.assign(Promise.reject(new Error('nobody looks at it')), { then: undefined, catch: 'no' }),
  'a promise that never settles': () => new Promise(() => undefined),
  'a thenable that throws': () => ({
    then: () => {
      throw new Error('no then');
    },
  }),
  'a map': () => new Map([[1, 2]]),
  'an invalid date': () => new Date(NaN),
  bytes: () => Buffer.from([0xff, 0]),
};

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function withProperty(name: string, property: PropertyDescriptor): Error {
  return Object.defineProperty(new Error('no'), name, { configurable: true, ...property });
}

function fail(what: string): never {
  throw new TypeError(`reading ${what} fails`);
}
