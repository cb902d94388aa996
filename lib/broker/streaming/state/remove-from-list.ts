/**
 * Removes `item` from `list`, putting the last one in its place as the server does. Returns whether it was there.
 * @internal
 */
export function removeFromList<T>(list: T[], item: T): boolean {
  const index = list.indexOf(item);
  if (index < 0) return false;
  const last = list.pop();
  if (last !== undefined && index < list.length) list[index] = last;
  return true;
}
