import { checkCounters } from './counters.js';
import { Epochs } from './epochs.js';
import type { CountersRecord, HistoryRecord } from './history.js';
import { checkGaps } from './gaps.js';
import { consumers } from './history.js';
import type { Run } from './runs.js';
import { auditKey, groupBy, messageKey, processMessageKey, readRuns, subscriptionKey } from './runs.js';

/** One thing that must hold, with everything that speaks against it. */
export interface Check {
  readonly name: string;
  readonly violations: readonly string[];
}

/** What a run has seen. */
export interface HistoryCounts {
  readonly publishes: {
    readonly tried: number;
    readonly resolved: number;
    readonly sentAgain: number;
    readonly rejected: number;
    readonly notStored: number;
    readonly unknown: number;
  };
  readonly deliveries: {
    readonly handled: number;
    readonly events: number;
    readonly duplicates: number;
    readonly failed: number;
    readonly excused: number;
  };
  /** How often each kind of fault struck. */
  readonly faults: ReadonlyMap<string, number>;
  /** What the metrics of each consumer said at its end. */
  readonly counted: readonly CountersRecord[];
  readonly links: number;
  readonly servers: number;
  readonly epochs: number;
}

type RecordOf<Type extends HistoryRecord['type']> = Extract<HistoryRecord, { readonly type: Type }>;

/** How long before and after it a fault still explains that an ack did not count. Unit: milliseconds. */
const reach = {
  /** An ack is on its way for a moment; a server that is killed also forgets acks that it had not written yet. */
  before: 2_000,
  beforeRestart: 15_000,
  /** A process that goes on after a stop works off what it had received, until it learns that its session is dead. */
  after: 6_000,
} as const;

/** What a broker promises beyond the others. */
export interface BrokerRules {
  /** It knows an event that is sent again, and stores it once. */
  readonly storesOnce?: boolean;
}

/** Judges the history of a finished run; `stalls` are the reasons for which it did not come to its end. */
export function checkHistory(
  history: readonly HistoryRecord[],
  stalls: readonly string[],
  { storesOnce = false }: BrokerRules = {},
): { readonly checks: readonly Check[]; readonly counts: HistoryCounts } {
  const of = <Type extends HistoryRecord['type']>(type: Type) =>
    history.filter((record): record is RecordOf<Type> => record.type === type);
  const epochs = new Epochs(history);
  const runs = readRuns(history, epochs);
  const [resolved, rejected] = [of('resolved'), of('rejected')];
  const completeness = checkCompleteness(resolved, runs, epochs);
  const checks: Check[] = [
    { name: 'every publish that resolved is handled by every subscription', violations: completeness.violations },
    {
      name: 'a subscription without a durable skips nothing while its process lives',
      violations: checkGaps(runs, epochs, of('exit')),
    },
    { name: 'no publish that was rejected as not stored is handled', violations: checkRejected(rejected, runs) },
    { name: 'nothing is handled that was not published', violations: checkOrigin(of('publish'), runs) },
    storesOnce
      ? { name: 'an event is stored once, however often it is sent', violations: checkSingleCopies(runs) }
      : { name: 'an event that was sent once is stored once', violations: checkCopies(resolved, runs) },
    { name: 'first deliveries come in order', violations: checkOrder(runs) },
    {
      name: 'no process handles an event again that it has handled, or runs it twice at a time',
      violations: checkOnce(runs),
    },
    {
      name: 'acked is final: what comes twice is explained by a fault',
      violations: checkDuplicates(runs, of('fault')),
    },
    { name: 'processes end only when and as they are told to', violations: checkExits(of('exit')) },
    { name: 'O5 the metrics of each consumer equal what it wrote down', violations: checkCounters(history) },
    { name: 'the run comes to its end: all handled, all closed, no client left to the server', violations: stalls },
  ];
  return {
    checks,
    counts: {
      publishes: countPublishes(of('publish').length, resolved, rejected),
      deliveries: { ...countDeliveries(runs), excused: completeness.excused },
      faults: new Map([...groupBy(of('fault'), ({ kind }) => kind)].map(([kind, all]) => [kind, all.length])),
      counted: of('counters'),
      links: of('link').length,
      servers: epochs.serverCount,
      epochs: epochs.last + 1,
    },
  };
}

function checkCompleteness(resolved: readonly RecordOf<'resolved'>[], runs: readonly Run[], epochs: Epochs) {
  const handled = new Set(
    runs.filter(({ doneAt }) => doneAt).map((run) => `${subscriptionKey(run)} ${String(run.id)}`),
  );
  const keys = ['group', ...consumers.map(auditKey)];
  const violations: string[] = [];
  let excused = 0;
  for (const { id, server, at } of resolved) {
    for (const key of keys.filter((one) => !handled.has(`${one} ${String(id)}`))) {
      if (epochs.servedBy(server) === undefined)
        violations.push(`event ${String(id)} was acknowledged by no server of this run`);
      else if (epochs.mayBeLost(server, at)) excused += 1;
      else violations.push(`event ${String(id)}, resolved at ${String(at)}, was never handled by ${key}`);
    }
  }
  return { violations, excused };
}

function checkRejected(rejected: readonly RecordOf<'rejected'>[], runs: readonly Run[]): string[] {
  const delivered = new Set(runs.map(({ id }) => id));
  return rejected
    .filter(({ id, mayBeStored }) => !mayBeStored && delivered.has(id))
    .map(({ id, code }) => `event ${String(id)} was rejected with ${code} as not stored, and was delivered`);
}

function checkOrigin(publishes: readonly RecordOf<'publish'>[], runs: readonly Run[]): string[] {
  const published = new Map(publishes.map(({ id, at }) => [id, at]));
  return runs
    .filter(({ id, startedAt }) => !((published.get(id) ?? Infinity) <= startedAt))
    .map((run) => `event ${String(run.id)} (${messageKey(run)}) was delivered and not published before`);
}

function checkCopies(resolved: readonly RecordOf<'resolved'>[], runs: readonly Run[]): string[] {
  const copies = copiesOf(runs, ({ id }) => String(id));
  return resolved
    .filter(({ id, attempts }) => (copies.get(String(id))?.size ?? 0) > attempts)
    .map(
      ({ id, attempts }) =>
        `event ${String(id)} was sent ${String(attempts)} times and stored as ${[...(copies.get(String(id)) ?? [])].join(', ')}`,
    );
}

/** A server that has lost its state does not know what it had stored, so each of its lives is looked at by itself. */
function checkSingleCopies(runs: readonly Run[]): string[] {
  return [...copiesOf(runs, ({ id, epoch }) => `${String(id)} in epoch ${String(epoch)}`)]
    .filter(([, places]) => places.size > 1)
    .map(([event, places]) => `event ${event} was stored as ${[...places].join(', ')}`);
}

function copiesOf(runs: readonly Run[], keyOf: (run: Run) => string): Map<string, Set<string>> {
  const copies = new Map<string, Set<string>>();
  for (const run of runs) {
    const known = copies.get(keyOf(run)) ?? new Set();
    copies.set(keyOf(run), known.add(`${String(run.epoch)}:${String(run.sequence)}`));
  }
  return copies;
}

function checkOrder(runs: readonly Run[]): string[] {
  const latest = new Map<string, number>();
  const violations: string[] = [];
  for (const run of runs.filter(({ redelivered }) => !redelivered)) {
    const stretch = `${subscriptionKey(run)} in ${run.process}#${String(run.incarnation)}, stretch ${String(run.link)}, epoch ${String(run.epoch)}`;
    const before = latest.get(stretch) ?? 0;
    if (run.sequence <= before)
      violations.push(
        `${stretch}: ${String(run.sequence)} came first after ${String(before)} at ${String(run.startedAt)}`,
      );
    latest.set(stretch, Math.max(before, run.sequence));
  }
  return violations;
}

function checkOnce(runs: readonly Run[]): string[] {
  return [...groupBy(runs, processMessageKey)].flatMap(([key, all]) =>
    all.slice(1).flatMap((run, index) => {
      const before = all[index];
      return before?.failedAt !== undefined && before.failedAt <= run.startedAt
        ? []
        : [
            `${key}: event ${String(run.id)} ran again at ${String(run.startedAt)} after a run that ${before?.doneAt === undefined ? 'had not ended' : 'was done'}`,
          ];
    }),
  );
}

function checkDuplicates(runs: readonly Run[], faults: readonly RecordOf<'fault'>[]): string[] {
  return [...groupBy(runs, messageKey)].flatMap(([key, all]) =>
    all.slice(1).flatMap((again, index) => {
      const unexplained = all.slice(0, index + 1).find((run) => !mayComeAgain(run, again, faults));
      return unexplained === undefined
        ? []
        : [
            `${key}: event ${String(again.id)} came again in ${again.process} at ${String(again.startedAt)}, ` +
              `handled in ${unexplained.process} from ${String(unexplained.startedAt)} to ${String(unexplained.doneAt)}`,
          ];
    }),
  );
}

/** Whether the server may well not know by now that this run has handled the event. */
function mayComeAgain(run: Run, again: Run, faults: readonly RecordOf<'fault'>[]): boolean {
  if (run.failedAt !== undefined) return true;
  // The same process knows by itself; that is another check.
  if (run.process === again.process && run.incarnation === again.incarnation) return true;
  const ackedAt = run.doneAt ?? again.startedAt;
  return faults.some(({ kind, targets, at, until }) => {
    // An orderly stop acks what it has handled: it explains nothing.
    if (kind === 'SIGTERM') return false;
    const before = kind.startsWith('restart') ? reach.beforeRestart : reach.before;
    const hidAck = at - before <= ackedAt && run.startedAt <= until + reach.after;
    const heldUp = at <= again.startedAt && again.startedAt <= until + reach.after;
    if (targets.includes('server')) return hidAck || heldUp;
    // The second may be the older delivery, which a fault has kept from its process until now.
    return (hidAck && targets.includes(run.process)) || (heldUp && targets.includes(again.process));
  });
}

function checkExits(exits: readonly RecordOf<'exit'>[]): string[] {
  return exits
    .filter(({ how }) => !['SIGKILL', 'SIGTERM', 'code 0'].includes(how))
    .map(({ process, incarnation, how }) => `${process}#${String(incarnation)} ended with ${how}`);
}

function countPublishes(
  tried: number,
  resolved: readonly RecordOf<'resolved'>[],
  rejected: readonly RecordOf<'rejected'>[],
): HistoryCounts['publishes'] {
  return {
    tried,
    resolved: resolved.length,
    sentAgain: resolved.filter(({ attempts }) => attempts > 1).length,
    rejected: rejected.length,
    notStored: rejected.filter(({ mayBeStored }) => !mayBeStored).length,
    unknown: tried - resolved.length - rejected.length,
  };
}

function countDeliveries(runs: readonly Run[]): Omit<HistoryCounts['deliveries'], 'excused'> {
  const done = runs.filter(({ doneAt }) => doneAt !== undefined);
  return {
    handled: done.length,
    events: new Set(done.map(({ id }) => id)).size,
    duplicates: done.length - new Set(done.map(messageKey)).size,
    failed: runs.filter(({ failedAt }) => failedAt !== undefined).length,
  };
}
