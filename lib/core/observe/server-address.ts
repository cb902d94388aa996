/**
 * Where the server is, for telemetry: known where there is one URL. Never its user or password.
 * @internal
 */
export interface ServerAddress {
  readonly serverAddress: string | undefined;
  readonly serverPort: number | undefined;
}

/** @internal */
export function serverAddressOf(servers: readonly string[]): ServerAddress {
  const [url] = servers;
  if (url === undefined || servers.length > 1 || !URL.canParse(url))
    return { serverAddress: undefined, serverPort: undefined };
  const { hostname, port } = new URL(url);
  return { serverAddress: hostname, serverPort: port === '' ? undefined : Number(port) };
}
