// Division instead of shifts throughout: those cut a number to 32 bits.

/** A number as protobuf writes it: seven bits a byte, the least significant first. */
export function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
}

/** How many bytes it takes. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) length += 1;
  return length;
}

/** Writes it at a place that has room for it; returns the place behind it. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let place = at;
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) target[place++] = (rest % 0x80) | 0x80;
  target[place++] = rest;
  return place;
}
