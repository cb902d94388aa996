/** What a client says in CONNECT, as far as the server acts on it. */
export interface ConnectOptions {
  readonly verbose: boolean;
  readonly pedantic: boolean;
  readonly echo: boolean;
  readonly headers: boolean;
  readonly noResponders: boolean;
  readonly protocol: number;
  readonly user: string;
  readonly pass: string;
  readonly token: string;
  readonly name: string;
}

/** Before CONNECT the server treats a client as one that asked for nothing. */
export const unconnectedOptions: ConnectOptions = Object.freeze({
  verbose: false,
  pedantic: false,
  echo: true,
  headers: false,
  noResponders: false,
  protocol: 0,
  user: '',
  pass: '',
  token: '',
  name: '',
});

/**
 * Reads the JSON of CONNECT; undefined where it is no JSON object. Fields of an unexpected type count as not given.
 * @internal
 */
export function parseConnectOptions(json: string): ConnectOptions | undefined {
  const given = parseObject(json);
  if (!given) return undefined;
  const text = (key: string): string => (typeof given[key] === 'string' ? given[key] : '');
  const flag = (key: string, otherwise: boolean): boolean => (typeof given[key] === 'boolean' ? given[key] : otherwise);
  return {
    verbose: flag('verbose', false),
    pedantic: flag('pedantic', false),
    echo: flag('echo', true),
    headers: flag('headers', false),
    noResponders: flag('no_responders', false),
    protocol: typeof given['protocol'] === 'number' ? given['protocol'] : 0,
    user: text('user'),
    pass: text('pass'),
    token: text('auth_token'),
    name: text('name'),
  };
}

function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined; // the caller closes the connection, as the server does on a CONNECT it cannot read
  }
}
