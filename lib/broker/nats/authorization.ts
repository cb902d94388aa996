import { timingSafeEqual, createHash } from 'node:crypto';

import type { BrokerAuth } from '../options/stan-broker.options.js';
import type { ConnectOptions } from './connect-options.js';

/**
 * True when the client showed the credentials that the server asks for.
 * @internal
 */
export function isAuthorized(auth: BrokerAuth, shown: Pick<ConnectOptions, 'user' | 'pass' | 'token'>): boolean {
  if ('token' in auth) return isSame(auth.token, shown.token);
  // Both are always compared, so that the time taken reveals nothing.
  const user = isSame(auth.user, shown.user);
  const pass = isSame(auth.pass, shown.pass);
  return user && pass;
}

function isSame(expected: string, shown: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(expected), digest(shown));
}
