import { randomBytes } from 'node:crypto';

const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** 22 random letters and digits, the form of the ids that NATS makes. @internal */
export function randomId(): string {
  return Array.from(randomBytes(22), (byte) => letters.charAt(byte % letters.length)).join('');
}

/** A subject that nobody else listens on. @internal */
export function newInbox(): string {
  return `_INBOX.${randomId()}`;
}
