import type { DeadLetter } from '../../core/dead-letters/dead-letter.js';
import { decodePayload } from '../../core/dead-letters/dead-letter.js';
import { printable, printableLines, printableStack } from '../../core/errors/printable.js';
import type { DeadLetterEntry } from './dead-letter-entry.js';
import type { Step } from './settle-entries.js';

const columns = ['SEQ', 'AGE', 'STATE', 'EVENT', 'SERVICE', 'HANDLER', 'TRIES', 'CAUSE'] as const;
const maxCauseLength = 60;

/**
 * The list as a person reads it.
 * @internal
 */
export function describeEntries(entries: readonly DeadLetterEntry[], now: Date): string {
  return toTable([columns, ...entries.map((entry) => rowOf(entry, now))]);
}

/**
 * The list as a program reads it: all that the dead letter says, and what became of it.
 * @internal
 */
export function entryAsJson(entry: DeadLetterEntry, now: Date): Record<string, unknown> {
  const { sequence, storedAt, letter, done, bytes } = entry;
  return {
    sequence,
    state: done?.action ?? 'open',
    storedAt: storedAt.toISOString(),
    ageMs: now.getTime() - storedAt.getTime(),
    ...(done === undefined ? {} : { done }),
    ...(letter === undefined ? { unreadable: bytes.toString('base64') } : { letter }),
  };
}

/**
 * One entry with all that is known of it, stack and payload included.
 * @internal
 */
export function describeEntry(entry: DeadLetterEntry, now: Date): string {
  const { sequence, storedAt, letter, done, bytes } = entry;
  const rows: [string, string][] = [
    ['dead letter', String(sequence)],
    [
      'state',
      done === undefined
        ? 'open'
        : `${done.action} at ${done.at} by ${done.by}${done.to === undefined ? '' : ` to ${done.to}`}`,
    ],
    ['stored', `${storedAt.toISOString()} (${formatAge(now.getTime() - storedAt.getTime())} ago)`],
  ];
  if (letter === undefined) {
    rows.push(['bytes', `${String(bytes.length)}, not a readable dead letter`]);
    return `${toTable(rows)}\n\n${printableLines(bytes.toString('utf8'))}`;
  }
  rows.push(
    ['event', `${letter.subject} #${String(letter.sequence)}, published ${letter.timestamp}`],
    ['service', `${letter.service} (client id ${letter.clientId})`],
    ['handler', letter.handler],
    ['deliveries', `${String(letter.deliveries)}, the last one failed ${letter.failedAt}`],
    ...headerRows(letter),
    ['payload', `${String(decodePayload(letter.payload).length)} bytes, as ${letter.payload.encoding}`],
  );
  const cause = letter.error.stack ?? `${letter.error.name}: ${letter.error.message}`;
  return `${toTable(rows)}\n\n${printableLines(letter.payload.data)}\n\n${printableStack(cause)}`;
}

function headerRows({ headers = {} }: DeadLetter): [string, string][] {
  return Object.entries(headers).map(([name, value]) => [`header ${name}`, value]);
}

/**
 * What a step does, or has done.
 * @internal
 */
export function describeStep({ sequence, action, send }: Step): string {
  return send === undefined
    ? `${String(sequence)} ${action}`
    : `${String(sequence)} ${action} to ${printable(send.subject)} (${String(send.data.length)} bytes)`;
}

/**
 * A span of time in its two largest units, as `3d 4h`; a clock that runs behind the server's gives `0s`.
 * @internal
 */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const units = [
    ['d', Math.floor(seconds / 86_400)],
    ['h', Math.floor(seconds / 3_600) % 24],
    ['m', Math.floor(seconds / 60) % 60],
    ['s', seconds % 60],
  ] as const;
  const first = units.findIndex(([, count]) => count > 0);
  if (first === -1) return '0s';
  const shown = units.slice(first, first + 2).filter(([, count]) => count > 0);
  return shown.map(([unit, count]) => `${String(count)}${unit}`).join(' ');
}

function rowOf({ sequence, storedAt, letter, done, bytes }: DeadLetterEntry, now: Date): string[] {
  const start = [String(sequence), formatAge(now.getTime() - storedAt.getTime()), done?.action ?? 'open'];
  if (letter === undefined)
    return [...start, '?', '?', '?', '?', `not a readable dead letter (${String(bytes.length)} bytes)`];
  const cause = oneLine(`${letter.error.name}: ${letter.error.message}`);
  return [
    ...start,
    `${letter.subject} #${String(letter.sequence)}`,
    letter.service,
    letter.handler,
    String(letter.deliveries),
    cause,
  ];
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= maxCauseLength ? line : `${line.slice(0, maxCauseLength - 1)}…`;
}

function toTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => printable(row[column] ?? '').length)),
  );
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => printable(cell).padEnd(widths[column] ?? 0)).join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}
