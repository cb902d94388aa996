import { median } from './stats.mjs';

/**
 * The list begun at another place in each round: whoever comes second finds what the first has left.
 * @param {readonly T[]} list
 * @param {number} by
 * @returns {T[]}
 * @template T
 */
export function rotated(list, by) {
  const at = ((by % list.length) + list.length) % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

/** Of the differences of two ways within each round: what slows a round down slows both. */
export function differences(values, base) {
  return values.map((value, round) => value - base[round]);
}

/** Within which the median of such pairs lies in 95 of 100 runs: by drawing the pairs again 1 000 times. */
export function interval(list) {
  const medians = Array.from({ length: 1_000 }, () =>
    median(list.map(() => list[Math.floor(Math.random() * list.length)])),
  ).sort((a, b) => a - b);
  return [medians[25], medians[974]];
}

/** @param {number} value */
export function signed(value, digits = 1) {
  return `${value >= 0 ? '+' : ''}${value.toFixed(digits)}`;
}
