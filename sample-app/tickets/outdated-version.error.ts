/** Somebody else stored the next version first; the change has to be thought over on what is there now. */
export class OutdatedVersionError extends Error {
  override readonly name = 'OutdatedVersionError';

  constructor(id: string, version: number) {
    super(`ticket ${id} is no longer at version ${version}`);
  }
}
