import { randomBytes } from 'node:crypto';

let count = 0;

/**
 * A name that no other test uses: legal as client id, subject, durable name, queue group and cluster id
 * (letters, digits, `_` and `-`).
 */
export function fresh(prefix: string): string {
  count += 1;
  return `${prefix}-${count}-${randomBytes(4).toString('hex')}`;
}
