import { InvalidOptionError } from '../errors/invalid-option.error.js';
import { redactServerUrl } from '../errors/describe-value.js';
import type { OptionPlace } from '../option-rules/option-group.js';
import { optionName } from '../option-rules/option-group.js';

const defaultPort = '4222';
const anyUrl = 'a server URL such as "nats://127.0.0.1:4222"';
const schemes: readonly string[] = ['nats:', 'tls:'];

/**
 * Turns the `servers` option into complete URLs: one string may hold several, joined by commas; the scheme is `nats://`
 * and the port 4222 where they are left out.
 * @throws InvalidOptionError (STAN_INVALID_OPTION); never shows user, password or token
 * @internal
 */
export function parseServerUrls(servers: string | readonly string[], place: OptionPlace): readonly string[] {
  const texts = typeof servers === 'string' ? servers.split(',') : servers;
  return Object.freeze(texts.map((text) => parseServerUrl(text.trim(), place)));
}

function parseServerUrl(text: string, place: OptionPlace): string {
  const url = toUrl(text);
  const problem = unreadableSecret(text) ?? (url === undefined ? anyUrl : expectedOf(url));
  if (url === undefined || problem !== undefined) {
    throw new InvalidOptionError(optionName(place, 'servers'), problem ?? '', redactServerUrl(text), {
      owner: place.owner,
    });
  }
  const secret = url.password === '' ? '' : `:${url.password}`;
  const user = url.username === '' && secret === '' ? '' : `${url.username}${secret}@`;
  return `${url.protocol}//${user}${url.hostname}:${url.port || defaultPort}`;
}

/** A password is often pasted as it is; what ends a URL's authority, or looks like an escape, must be encoded there. */
function unreadableSecret(text: string): string | undefined {
  const [, secret = ''] = /^(?:[a-z][a-z0-9+.-]*:\/\/)?(.*)@/i.exec(text) ?? [];
  if (/[#/?\s]/.test(secret) || !isDecodable(secret)) {
    return (
      'user and password with "#", "/", "?", "%" and blanks percent-encoded ("%23", "%2F", "%3F", "%25", "%20"), ' +
      'or given as connection.user and connection.pass'
    );
  }
  return undefined;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function toUrl(text: string): URL | undefined {
  if (text === '' || /\s/.test(text)) return undefined;
  try {
    return new URL(text.includes('://') ? text : `nats://${text}`);
  } catch {
    // The parser's error quotes the whole text, password included, so it is not even kept as a cause.
    return undefined;
  }
}

function expectedOf(url: URL): string | undefined {
  if (!schemes.includes(url.protocol)) return 'a URL with the scheme nats:// or tls://';
  if (url.hostname === '') return 'a URL with a host name';
  if (url.port === '0') return 'a URL with a port from 1 to 65535';
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '')
    return 'a URL that ends after the port';
  return undefined;
}
