import { contestantNames } from '../harness/contestant-process.mjs';

/** Few and many: at the second rate a pause of the collector holds up many events. */
const rates = [1_000, 10_000];

/** From the call that publishes to the handler, both in one process with one clock. */
export function latencyCases(arena, { quick }) {
  return rates.map((perSecond) => ({
    name: `latency at ${perSecond}/s`,
    payloadBytes: null,
    contestants: contestantNames,
    metrics: [
      { key: 'p50Ms', name: 'p50', unit: 'ms' },
      { key: 'p99Ms', name: 'p99', unit: 'ms' },
    ],
    run: (contestant, warmUp) => {
      const count = perSecond * (quick || warmUp ? 0.5 : 4);
      return arena.contestant(contestant).call('latency', { subject: arena.freshSubject('latency'), perSecond, count });
    },
  }));
}
