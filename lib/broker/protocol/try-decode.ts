/** Returns undefined for bytes that cannot be decoded; each request has an answer of its own to that. @internal */
export function tryDecode<T>(decode: (buffer: Buffer) => T, payload: Uint8Array): T | undefined {
  try {
    return decode(payload as Buffer);
  } catch {
    return undefined;
  }
}
