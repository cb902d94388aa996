import { contestantNames } from '../harness/contestant-process.mjs';

const perSecond = 1_000;

/** From the call that publishes to the handler, both in one process with one clock. */
export function latencyCases(arena, { quick }) {
  return [
    {
      name: `latency at ${perSecond}/s`,
      payloadBytes: null,
      contestants: contestantNames,
      metrics: [
        { key: 'p50Ms', name: 'p50', unit: 'ms' },
        { key: 'p99Ms', name: 'p99', unit: 'ms' },
      ],
      run: (contestant, warmUp) => {
        const count = perSecond * (quick || warmUp ? 0.5 : 4);
        return arena
          .contestant(contestant)
          .call('latency', { subject: arena.freshSubject('latency'), perSecond, count });
      },
    },
  ];
}
