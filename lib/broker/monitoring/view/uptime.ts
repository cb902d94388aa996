/** Whole units from the largest that is not zero, as the real server writes them: `1d2h3m4s`. @internal */
export function uptime(elapsedMs: number): string {
  const seconds = Math.max(Math.floor(elapsedMs / 1_000), 0);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  const years = Math.floor(days / 365);
  const parts: [number, string][] = [
    [years, 'y'],
    [days % 365, 'd'],
    [hours % 24, 'h'],
    [minutes % 60, 'm'],
    [seconds % 60, 's'],
  ];
  const from = parts.findIndex(([value]) => value > 0);
  return (from < 0 ? parts.slice(-1) : parts.slice(from)).map(([value, unit]) => `${value}${unit}`).join('');
}
