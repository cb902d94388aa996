import type { History } from './player.js';
import { playTrace } from './player.js';
import type { DifferentialServer } from './servers.js';
import { describeTrace } from './trace.js';
import type { Trace } from './trace.js';

/** A trace on which two servers showed different things. */
export interface Difference {
  readonly trace: Trace;
  /** Where they part, in a line. */
  readonly summary: string;
  readonly report: string;
}

/** Plays a trace on both servers at the same time and says where they part, if they do. */
export async function compareOnce(
  trace: Trace,
  left: DifferentialServer,
  right: DifferentialServer,
): Promise<Difference | undefined> {
  const [leftHistory, rightHistory] = await Promise.all([playTrace(trace, left), playTrace(trace, right)]);
  const report = firstDifference(left.name, leftHistory, right.name, rightHistory);
  if (report === undefined) return undefined;
  const summary = `seed ${trace.seed}: ${report.split('\n').slice(0, 4).join(' | ')}`;
  return { trace, summary, report: `${describeTrace(trace)}\n${report}` };
}

function firstDifference(leftName: string, left: History, rightName: string, right: History): string | undefined {
  for (const [name, { violations }] of [
    [leftName, left],
    [rightName, right],
  ] as const) {
    if (violations.length > 0) return `${name} broke a promise:\n  ${violations.join('\n  ')}`;
  }
  const length = Math.max(left.observations.length, right.observations.length);
  for (let index = 0; index < length; index += 1) {
    const [one, other] = [left.observations[index], right.observations[index]].map((seen) =>
      JSON.stringify(seen, null, 1),
    );
    if (one === other) continue;
    const step = left.observations[index]?.step ?? right.observations[index]?.step ?? '';
    return [`they part at step ${step}`, ...lineDifferences(leftName, one ?? '', rightName, other ?? '')].join('\n');
  }
  return undefined;
}

function lineDifferences(leftName: string, left: string, rightName: string, right: string): string[] {
  const leftLines = left.split('\n');
  const rightLines = right.split('\n');
  return [
    ...leftLines.filter((line) => !rightLines.includes(line)).map((line) => `  ${leftName}: ${line.trim()}`),
    ...rightLines.filter((line) => !leftLines.includes(line)).map((line) => `  ${rightName}: ${line.trim()}`),
  ];
}

/** Leaves out one step after the other for as long as the difference stays, and as long as there is time. */
export async function shrink(
  difference: Difference,
  again: (trace: Trace) => Promise<Difference | undefined>,
  budgetMs = 60_000,
): Promise<Difference> {
  const deadline = performance.now() + budgetMs;
  let smallest = difference;
  for (let index = smallest.trace.steps.length - 1; index >= 0 && performance.now() < deadline; index -= 1) {
    const { trace } = smallest;
    const steps = trace.steps.filter((_, position) => position !== index);
    smallest = (await again({ ...trace, steps })) ?? smallest;
  }
  return smallest;
}

/** Runs `work` over `items`, `limit` at a time, in their order. */
export async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      const item = items[index];
      if (item !== undefined) results[index] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}
