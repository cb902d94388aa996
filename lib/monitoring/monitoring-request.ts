import { MonitoringError } from '../core/errors/monitoring.error.js';

/** @internal */
export type Query = Readonly<Record<string, string | number | undefined>>;

/** @internal */
export interface Endpoint {
  readonly url: URL;
  readonly timeoutMs: number;
}

/** @internal */
export interface Answer {
  readonly url: string;
  readonly status: number;
  readonly text: string;
  /** `undefined` where the answer is no JSON object, as for 404. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

const expectedStatuses: readonly number[] = [200, 204, 404];

/**
 * Asks one endpoint; resolves for 200, 204 and 404.
 * @throws MonitoringError (STAN_MONITORING_FAILED) for any other status, no answer in time, or no connection
 * @internal
 */
export async function askEndpoint({ url, timeoutMs }: Endpoint, path: string, query: Query): Promise<Answer> {
  const { target, headers } = targetOf(url, path, query);
  const asked = target.toString();
  let response: Response;
  let text: string;
  try {
    response = await fetch(target, { headers, signal: AbortSignal.timeout(timeoutMs) });
    text = await response.text();
  } catch (error) {
    throw new MonitoringError(asked, reasonOf(error, timeoutMs), { cause: error });
  }
  const { status } = response;
  if (!expectedStatuses.includes(status)) {
    throw new MonitoringError(asked, `HTTP ${String(status)} ${text.slice(0, 200).trim()}`.trim(), { status });
  }
  return { url: asked, status, text, body: toObject(text) };
}

/** fetch refuses a URL with credentials in it, so they go into a header. */
function targetOf(base: URL, path: string, query: Query): { target: URL; headers: Record<string, string> } {
  const target = new URL(base);
  const { username, password } = base;
  target.username = '';
  target.password = '';
  target.pathname = `${base.pathname.replace(/\/+$/, '')}/streaming/${path}`;
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) target.searchParams.set(name, String(value));
  }
  if (username === '') return { target, headers: {} };
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { target, headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` } };
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${String(timeoutMs)} ms`;
  // What fetch says is always "fetch failed"; the reason is in its cause.
  return error.cause instanceof Error ? error.cause.message || describeCode(error.cause) : error.message;
}

/** An AggregateError, of a host with several addresses, has a code and no message. */
function describeCode(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.name;
}

function toObject(text: string): Answer['body'] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // The caller refuses the answer, naming the endpoint; where the answer is 404, plain text is what comes.
    return undefined;
  }
}
