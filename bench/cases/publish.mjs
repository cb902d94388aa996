import { contestantNames, yardstickNames } from '../harness/contestant-process.mjs';
import { countFor, cpu, payloads, perSecond, sizeText } from './sizes.mjs';

/** Events per second that the server has acknowledged, one at a time and with many on their way. */
export function publishCases(arena, { quick }) {
  return [1_024, 1].flatMap((window) =>
    payloads.map((payloadBytes) => ({
      name: `publish ${sizeText(payloadBytes)}, window ${window}`,
      payloadBytes,
      contestants: hasYardsticks(payloadBytes, window) ? [...contestantNames, ...yardstickNames] : contestantNames,
      metrics: window === 1 ? [perSecond] : [perSecond, cpu],
      run: (contestant, warmUp) => {
        const all = window === 1 ? countFor(payloadBytes, quick) / 10 : countFor(payloadBytes, quick);
        const count = warmUp ? Math.ceil(all / 2) : all;
        const subject = arena.freshSubject('publish');
        return arena.contestant(contestant).call('publish', { subject, count, window, payloadBytes });
      },
    })),
  );
}

/** The case that shows best what a publish costs. */
function hasYardsticks(payloadBytes, window) {
  return payloadBytes === 128 && window > 1;
}
