import { inspect } from 'node:util';
import { errorDetail } from '../core/errors/error-detail.js';
import type { HarnessFact } from './harness-fact.js';

const dataLength = 120;

/** Something to show in a timeline: a fact, or a remark such as `clock advanced by 31s`. @internal */
export interface TimelineEntry {
  readonly atMs: number;
  readonly clockMs: number;
  readonly text: string;
}

/** @internal */
export function describeFact(fact: HarnessFact): string {
  const event = `${fact.subject} #${String(fact.sequence)}`;
  const to = fact.queueGroup === '' ? fact.clientId : `${fact.clientId} (queue ${fact.queueGroup})`;
  switch (fact.kind) {
    case 'emitted':
      return `${event} stored, emitted by ${fact.clientId}: ${describeData(fact.data)}${describeHeaders(fact.headers)}`;
    case 'delivered':
      return `${event} sent to ${to}`;
    case 'redelivered':
      return `${event} sent again (${String(fact.redeliveryCount)}) to ${to}`;
    case 'handled':
      return `${event} handled`;
    case 'failed':
      return `${event} NOT handled: ${describeError(fact.error)}`;
    case 'acked':
      return `${event} acked by ${to}`;
  }
}

/** One line per entry: real time, the virtual clock where it was moved, and what happened. @internal */
export function renderTimeline(entries: readonly TimelineEntry[]): string {
  if (entries.length === 0) return '  nothing';
  const isAdvanced = entries.some(({ clockMs }) => clockMs > 0);
  return entries
    .map(({ atMs, clockMs, text }) => {
      const clock = isAdvanced ? `${String(clockMs / 1_000).padStart(8)} s` : '';
      return `  ${atMs.toFixed(0).padStart(6)} ms${clock}  ${text}`;
    })
    .join('\n');
}

function describeHeaders(headers: HarnessFact['headers']): string {
  return headers.size === 0 ? '' : ` with ${describeData(Object.fromEntries(headers))}`;
}

function describeData(data: unknown): string {
  const text = inspect(data, { breakLength: Infinity, depth: 4 });
  return text.length > dataLength ? `${text.slice(0, dataLength)}…` : text;
}

function describeError(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${errorDetail(error) ?? error.message}` : describeData(error);
}
