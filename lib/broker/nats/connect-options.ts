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
  readonly lang: string;
  readonly version: string;
}

/**
 * What holds before CONNECT, and for all that a CONNECT leaves out: clients that want less say so.
 * Source: nats-server 2.9.24 server/client.go defaultOpts.
 */
export const unconnectedOptions: ConnectOptions = Object.freeze({
  verbose: true,
  pedantic: true,
  echo: true,
  headers: false,
  noResponders: false,
  protocol: 0,
  user: '',
  pass: '',
  token: '',
  name: '',
  lang: '',
  version: '',
});

const keys: Readonly<Record<keyof ConnectOptions, string>> = {
  verbose: 'verbose',
  pedantic: 'pedantic',
  echo: 'echo',
  headers: 'headers',
  noResponders: 'no_responders',
  protocol: 'protocol',
  user: 'user',
  pass: 'pass',
  token: 'auth_token',
  name: 'name',
  lang: 'lang',
  version: 'version',
};

/**
 * Reads the JSON of CONNECT over the options that hold so far; undefined where it is no JSON object, or where a field has
 * another type than it must.
 * @internal
 */
export function parseConnectOptions(json: string, current: ConnectOptions): ConnectOptions | undefined {
  const given = parseObject(json);
  if (!given) return undefined;
  const options: Record<string, unknown> = { ...current };
  for (const [name, key] of Object.entries(keys)) {
    const value = given[key];
    if (value === undefined || value === null) continue;
    if (typeof value !== typeof options[name]) return undefined;
    options[name] = value;
  }
  return options as unknown as ConnectOptions; // every field has the type of the one it replaced
}

/** JSON's null counts as an empty object, as it does for the server. */
function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    if (value === null) return {};
    return typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // the caller closes the connection, as the server does on a CONNECT it cannot read
  }
}

/** True for the text of an INFO or a CONNECT that the server could read. @internal */
export function isJsonObject(json: string): boolean {
  return parseObject(json) !== undefined;
}
