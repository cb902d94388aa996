/** An event came before one that was published earlier. */
export class TooEarlyError extends Error {
  override readonly name = 'TooEarlyError';

  constructor(id: string, version: number, lastVersion: number) {
    super(`version ${version} of ${id} came before version ${lastVersion + 1}`);
  }
}
