/**
 * @param {readonly number[]} values at least one
 */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The median of the rounds and how far they lie apart.
 * @param {readonly number[]} values at least one
 */
export function summarize(values) {
  return { value: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * The median of the ratios of each round to the other's same round: what slows a round down slows both.
 * @param {readonly (number | undefined)[]} values
 * @param {readonly (number | undefined)[]} base
 * @returns {number | null} null where no round has both
 */
export function medianRatio(values, base) {
  const ratios = values.flatMap((value, round) => {
    const other = base[round];
    return value === undefined || other === undefined || other === 0 ? [] : [value / other];
  });
  return ratios.length === 0 ? null : median(ratios);
}
