const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
const durationPart = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g;

/**
 * Milliseconds of a duration as Go writes it (`5s`, `1m30s`, `1.5h`, `0`), or `undefined` for anything else.
 * @internal
 */
export function parseGoDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const parts = [...text.matchAll(durationPart)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return undefined;
  return parts.reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (unitMs[unit] ?? NaN), 0);
}

const unitBytes: Readonly<Record<string, number>> = { '': 1, K: 1_024, M: 1_024 ** 2, G: 1_024 ** 3, T: 1_024 ** 4 };

/**
 * Bytes of a size as the server writes it (`1024`, `64KB`, `1GB`), or `undefined` for anything else.
 * @internal
 */
export function parseSize(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d+)([KMGT]?)B?$/i.exec(text) ?? [];
  return amount === undefined ? undefined : Number(amount) * (unitBytes[unit.toUpperCase()] ?? 1);
}

/** What Go's flag package takes for a boolean. @internal */
export function parseGoBoolean(text: string): boolean | undefined {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  return undefined;
}

/** A duration for people: `5s`, `1m30s`, `400ms`. @internal */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  if (ms < 1_000) return `${String(ms)}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = (ms % 60_000) / 1_000;
  return [
    hours > 0 ? `${String(hours)}h` : '',
    minutes > 0 ? `${String(minutes)}m` : '',
    seconds > 0 ? `${String(seconds)}s` : '',
  ].join('');
}

/** A size for people: `400 B`, `1.0 GB`. @internal */
export function formatSize(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 ? String(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/**
 * `1000000` -> `1,000,000`. Not `toLocaleString`, which loads its tables first: 13 ms, for which a server that listens
 * would keep its first client waiting.
 * @internal
 */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}
