import { EventConflictError } from './event-conflict.error.js';

/** An event arrived before one that was published earlier. It is left unacked: the server delivers it again. */
export class EventTooEarlyError extends EventConflictError {
  override readonly name = 'EventTooEarlyError';

  constructor(
    readonly id: string,
    readonly version: number,
    readonly lastVersion: number,
  ) {
    super(`version ${version} of ${id} came before version ${lastVersion + 1}; it is left for redelivery`);
  }
}
