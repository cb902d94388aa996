import { NotConnectedError, PayloadTooLargeError, StanClosedError } from '../errors/index.js';
import type { StanError } from '../errors/index.js';

/** A publish that was pending when the client was closed, or that came later. */
export function closedError(subject: string, mayBeStored: boolean, cause?: StanError): StanClosedError {
  return new StanClosedError(`publish to "${subject}"${doubt(mayBeStored)}`, { mayBeStored, ...causedBy(cause) });
}

/** A publish for which no session will ever come again. */
export function notConnected(subject: string, cause: StanError, mayBeStored: boolean): NotConnectedError {
  return new NotConnectedError(`publish to "${subject}"${doubt(mayBeStored)}`, { mayBeStored, cause });
}

/** What a publish carries does not go into a message of this server. */
export function tooLarge(subject: string, { byteLength }: Uint8Array, limitBytes: number): PayloadTooLargeError {
  return new PayloadTooLargeError(subject, byteLength, Math.max(0, limitBytes));
}

function doubt(mayBeStored: boolean): string {
  return mayBeStored ? ' (it was sent, and may be stored)' : '';
}

export function causedBy(cause: StanError | undefined): ErrorOptions {
  return cause === undefined ? {} : { cause };
}
