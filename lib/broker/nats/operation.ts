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
const names = operations.map((operation) => ({ operation, letters: [...Buffer.from(operation)].map(lowerCase) }));
/** Letters of the longest name. @internal */
export const longestOperation = 7;

/** The operation that a control line begins with; undefined for none. @internal */
export function operationAt(buffer: Buffer, start: number, end: number): Operation | undefined {
  for (const { operation, letters } of names) {
    if (end - start < letters.length || !beginsWith(buffer, start, letters, letters.length)) continue;
    if (endsAfter(buffer, start, end, operation)) return operation;
  }
  return undefined;
}

function beginsWith(buffer: Buffer, start: number, letters: readonly number[], count: number): boolean {
  for (let i = 0; i < count; i += 1) if (lowerCase(buffer[start + i] ?? 0) !== letters[i]) return false;
  return true;
}

function lowerCase(letter: number): number {
  return letter | caseBit;
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
  return names.some(({ letters }) => beginsWith(line, 0, letters, Math.min(length, letters.length)));
}
