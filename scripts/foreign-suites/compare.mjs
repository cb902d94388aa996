// What one suite says of the two brokers.
import { knownDifferences } from './differences.mjs';

const tries = 2;

/**
 * Compares the outcomes of a suite. What failed is run again, alone: what passes then depended on the speed of the
 * machine. `again(broker, tests)` returns the outcomes of such a run.
 */
export function compareOutcomes(name, { real, embedded }, again) {
  const figures = { real: figuresOf(real), embedded: figuresOf(embedded) };
  const known = knownDifferences.get(name) ?? new Set();
  const onReal = failures([...real.keys()], real, (tests) => again('real', tests));
  const passesOnReal = [...real.keys()].filter((test) => !isSkipped(real, test) && !onReal.failing.includes(test));
  const explained = passesOnReal.filter((test) => known.has(test) && embedded.get(test) !== 'passed');
  const toPass = passesOnReal.filter((test) => !known.has(test));
  const onEmbedded = failures(toPass, embedded, (tests) => again('embedded', tests));
  const lines = [
    `${onEmbedded.failing.length === 0 ? '✓' : '✗'} ${name}: real ${figures.real}, embedded ${figures.embedded}`,
    ...onReal.late.map((test) => `    passed on the real server when run again: ${test}`),
    ...onReal.failing.map((test) => `    fails on the real server: ${test}`),
    ...onEmbedded.late.map((test) => `    passed on the embedded broker when run again: ${test}`),
    ...explained.map((test) => `    fails on the embedded broker, as listed: ${test}`),
    ...onEmbedded.failing.map((test) => `    FAILS on the embedded broker alone: ${test}`),
  ];
  return { figures, onReal, onEmbedded, explained, lines };
}

function failures(tests, outcomes, again) {
  let failing = tests.filter((test) => outcomes.get(test) !== 'passed' && !isSkipped(outcomes, test));
  const late = [];
  for (let number = 0; number < tries && failing.length > 0; number += 1) {
    const next = again(failing);
    late.push(...failing.filter((test) => next.get(test) === 'passed'));
    failing = failing.filter((test) => next.get(test) !== 'passed');
  }
  return { late, failing };
}

function isSkipped(outcomes, test) {
  return outcomes.get(test) === 'skipped';
}

function figuresOf(outcomes) {
  const all = [...outcomes.values()];
  const skipped = all.filter((outcome) => outcome === 'skipped').length;
  const passed = all.filter((outcome) => outcome === 'passed').length;
  return `${passed} of ${all.length - skipped}${skipped > 0 ? ` (${skipped} skipped)` : ''}`;
}
