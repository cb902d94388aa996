import { medianRatio, summarize } from './stats.mjs';

/**
 * One thing that is measured; a run gives a figure for each of its metrics.
 * @typedef {object} BenchCase
 * @property {string} name
 * @property {number | null} payloadBytes
 * @property {readonly string[]} contestants
 * @property {readonly Metric[]} metrics
 * @property {string} [base] the contestant that the others are compared with; `raw` where left out
 * @property {number} [ownRounds] instead of the run's, for what varies more than its rounds would settle
 * @property {number} [maxRounds] fewer rounds than the run has, for what takes long
 * @property {boolean} [evenIfLate] for what is to be in every run: it begins although the time is up
 * @property {boolean} [withoutWarmUp] for what starts processes of its own
 * @property {(contestant: string, warmUp: boolean) => Promise<Record<string, number>>} run
 *
 * @typedef {object} Metric
 * @property {string} key of what the run gives
 * @property {string} [name] added to the case's
 * @property {string} unit
 */

/**
 * Runs a case in rounds. Each round runs every contestant once, and another one first; so a slow spell of the machine
 * hits them all. After the first round it stops when the time is up. A contestant that fails has no figure for the
 * round, and takes none from the others.
 * @param {BenchCase} benchCase
 * @param {{ rounds: number, isTimeUp: () => boolean, onFailure: (error: unknown) => void }} limits
 */
export async function runRounds(benchCase, { rounds, isTimeUp, onFailure }) {
  const { contestants, metrics, ownRounds = rounds, maxRounds = ownRounds, withoutWarmUp = false } = benchCase;
  const run = async (contestant, warmUp) => {
    try {
      return await benchCase.run(contestant, warmUp);
    } catch (error) {
      onFailure(error);
      return {};
    }
  };
  if (!withoutWarmUp) for (const contestant of contestants) await run(contestant, true);
  const figures = new Map(contestants.map((contestant) => [contestant, []]));
  for (let round = 0; round < Math.min(ownRounds, maxRounds); round += 1) {
    if (round > 0 && isTimeUp()) break;
    for (const contestant of rotated(contestants, round)) figures.get(contestant).push(await run(contestant, false));
  }
  return metrics.flatMap((metric) => rowsOf(benchCase, metric, figures));
}

/**
 * @template T
 * @param {readonly T[]} items
 * @param {number} by
 * @returns {T[]}
 */
export function rotated(items, by) {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

function rowsOf({ name, payloadBytes, base: baseName = 'raw' }, metric, figures) {
  const valuesOf = (contestant) => figures.get(contestant)?.map((figure) => figure[metric.key]) ?? [];
  const base = valuesOf(baseName);
  return [...figures.keys()].flatMap((contestant) => {
    const values = valuesOf(contestant);
    const known = values.filter((value) => value !== undefined);
    if (known.length === 0) return [];
    return {
      name: metric.name ? `${name}, ${metric.name}` : name,
      contestant,
      payloadBytes,
      ...summarize(known),
      unit: metric.unit,
      base: baseName,
      ratioToRaw: contestant === baseName ? 1 : medianRatio(values, base),
      rounds: known.length,
    };
  });
}
