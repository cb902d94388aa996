import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { InvalidOptionError } from '../errors/invalid-option.error.js';

const legalClientId = /^[a-zA-Z0-9_-]+$/;
const maxPrefixLength = 64;
const maxHostLength = 32;
const randomByteCount = 6;

/**
 * What a client id has to be, completing "expected …".
 * @internal
 */
export const clientIdExpected = 'letters, digits, "_" and "-", at least one';

/**
 * Tells whether the server takes a client id.
 * Source: nats-streaming-server 0.25.6 server/server.go (clientIDRegEx).
 * @internal
 */
export function isLegalClientId(clientId: unknown): clientId is string {
  return typeof clientId === 'string' && legalClientId.test(clientId);
}

/**
 * Makes a `clientId` option that is another one at every start: prefix, host name and a random part, at most 110
 * characters. A durable without a queue group refuses it, since the server would keep that durable under the old id.
 * @param prefix - letters, digits, `_` and `-`; 1 to 64 characters
 * @throws InvalidOptionError (STAN_INVALID_OPTION)
 * @publicApi
 */
export function uniqueClientId(prefix: string): () => string {
  if (!isLegalClientId(prefix) || prefix.length > maxPrefixLength) {
    const expected = `${clientIdExpected} and at most ${String(maxPrefixLength)}`;
    throw new InvalidOptionError('prefix', expected, prefix, { owner: 'uniqueClientId()' });
  }
  return () =>
    [prefix, hostPart(), randomBytes(randomByteCount).toString('hex')].filter((part) => part !== '').join('-');
}

function hostPart(): string {
  return hostname()
    .replace(/[^a-zA-Z0-9_-]+/g, '-')
    .slice(0, maxHostLength)
    .replace(/^-+|-+$/g, '');
}
