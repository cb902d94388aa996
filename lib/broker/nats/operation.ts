const space = 32;
const tab = 9;
const caseBit = 0x20;

/** What a client can say; names in lower case. @internal */
export type Operation = 'connect' | 'pub' | 'hpub' | 'sub' | 'unsub' | 'ping' | 'pong' | 'info' | '+ok' | '-err';
const operations: readonly Operation[] = [
  'pub',
  'hpub',
  'sub',
  'unsub',
  'ping',
  'pong',
  'connect',
  'info',
  '+ok',
  '-err',
];
/** Letters of the longest name. @internal */
export const longestOperation = 7;

/** The operation that a control line begins with; undefined for none. @internal */
export function operationAt(buffer: Buffer, start: number, end: number): Operation | undefined {
  return operations.find((name) => startsWith(buffer, start, end, name) && endsAfter(buffer, start, end, name));
}

function startsWith(buffer: Buffer, start: number, end: number, name: string): boolean {
  if (end - start < name.length) return false;
  for (let i = 0; i < name.length; i++) {
    if (((buffer[start + i] ?? 0) | caseBit) !== (name.charCodeAt(i) | caseBit)) return false;
  }
  return true;
}

/** PING, PONG and +OK may be followed by anything up to the end of the line; the others take arguments. */
function endsAfter(buffer: Buffer, start: number, end: number, name: Operation): boolean {
  if (name === 'ping' || name === 'pong' || name === '+ok') return true;
  if (name === 'connect' || name === 'info') return true;
  const next = buffer[start + name.length];
  return end > start + name.length && (next === space || next === tab);
}

/** Garbage without a line end is refused on its first bytes, not when it has filled a control line. @internal */
export function canBecomeOperation(line: Buffer): boolean {
  const length = Math.min(line.length, longestOperation);
  return operations.some((name) => {
    const compared = Math.min(length, name.length);
    return startsWith(line, 0, compared, name.slice(0, compared));
  });
}
