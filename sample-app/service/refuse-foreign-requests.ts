import type { IncomingMessage, ServerResponse } from 'node:http';

const loopbackNames = new Set(['127.0.0.1', 'localhost', '[::1]']);
const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

interface Refusal {
  readonly statusCode: number;
  readonly message: string;
}

/**
 * Any web page can send requests to a server on its reader's machine. Refused are a foreign `Origin`, a body that an HTML
 * form can send without a preflight, and, on a server that is bound to loopback, every `Host` but loopback's names: a page
 * whose own name was pointed at 127.0.0.1 would pass as the same origin.
 * @param boundTo - the address that the server listens on
 */
export function refuseForeignRequests(boundTo: string) {
  const isLocal = loopbackNames.has(boundTo);
  return (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const refusal = refusalOf(request, isLocal);
    if (refusal === undefined) {
      next();
      return;
    }
    response.writeHead(refusal.statusCode, { 'content-type': 'application/json' });
    response.end(JSON.stringify(refusal));
  };
}

function refusalOf({ method = 'GET', headers }: IncomingMessage, isLocal: boolean): Refusal | undefined {
  const { host = '', origin } = headers;
  if (isLocal && !loopbackNames.has(host.replace(/:\d+$/, '')))
    return { statusCode: 403, message: 'this server answers to localhost and 127.0.0.1 only' };
  if (origin !== undefined && !isSameOrigin(origin, host))
    return { statusCode: 403, message: 'this server takes requests from its own page only' };
  if (!readingMethods.has(method) && hasBody(headers) && !isJson(headers['content-type']))
    return { statusCode: 415, message: 'the body must be application/json' };
  return undefined;
}

function isSameOrigin(origin: string, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}

function hasBody(headers: IncomingMessage['headers']): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function isJson(type: string | undefined): boolean {
  return type !== undefined && /^application\/json\s*(;|$)/i.test(type);
}
