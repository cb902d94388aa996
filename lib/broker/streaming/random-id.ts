import { randomBytes } from 'node:crypto';

const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** 22 random letters and digits, the form of the ids that NATS makes. @internal */
export function randomId(): string {
  let id = '';
  for (const byte of randomBytes(22)) id += letters[byte % letters.length];
  return id;
}

/** A subject that nobody else listens on. @internal */
export function newInbox(): string {
  return `_INBOX.${randomId()}`;
}
