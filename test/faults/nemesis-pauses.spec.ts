import { describe, expect, it } from 'vitest';
import type { HistoryFact, HistoryRecord } from './nemesis/history.js';
import { longestPauses } from './nemesis/pauses.js';

/** A history with the times given. */
function at(...facts: readonly (readonly [number, HistoryFact])[]): HistoryRecord[] {
  return facts.map(([time, fact]) => ({ at: time, ...fact }));
}
const publish = (id: number): HistoryFact => ({ type: 'publish', id });
const resolved = (id: number): HistoryFact => ({ type: 'resolved', id, attempts: 1, server: 'S1' });
const rejected = (id: number): HistoryFact => ({
  type: 'rejected',
  id,
  code: 'STAN_PUBLISH_TIMEOUT',
  mayBeStored: true,
});
const fault = (kind: string, target: 'server' | 'publisher', until: number): HistoryFact => ({
  ...{ type: 'fault', kind, targets: [target], until },
});

describe('the longest pause of publishing', () => {
  it('is from one ack to the next while something waits, and names its faults', () => {
    const history = at(
      ...([
        [0, publish(1)],
        [10, resolved(1)],
        [100, publish(2)],
        [110, publish(3)],
        [120, resolved(2)],
      ] as const),
      ...([
        [5_000, resolved(3)],
        [300, fault('SIGKILL of the leader', 'server', 2_000)],
      ] as const),
    );
    expect(longestPauses(history).any).toEqual({ from: 120, until: 5_000, faults: ['SIGKILL of the leader'] });
  });

  it('is not the time in which nothing was published', () => {
    const history = at([0, publish(1)], [10, resolved(1)], [60_000, publish(2)], [60_020, resolved(2)]);
    expect(longestPauses(history).any).toEqual({ from: 60_000, until: 60_020, faults: [] });
  });

  it('is not ended by a rejection, and by the end of the process it is', () => {
    const history = at([0, publish(1)], [10, resolved(1)], [20, publish(2)], [6_020, rejected(2)], [6_050, publish(3)]);
    expect(longestPauses([...history, ...at([9_000, resolved(3)])]).any).toMatchObject({ from: 20, until: 9_000 });
    const exit = { type: 'exit', process: 'publisher', incarnation: 1, how: 'SIGKILL' } as const;
    const ended = [...history, ...at([7_000, exit], [20_000, publish(4)], [20_001, resolved(4)])];
    expect(longestPauses(ended).any).toMatchObject({ from: 20, until: 7_000 });
  });

  it('is told apart from those in which the publisher itself was struck', () => {
    const history = at(
      ...([
        [0, publish(1)],
        [3_000, resolved(1)],
        [3_000, publish(2)],
        [12_000, resolved(2)],
      ] as const),
      ...([[3_500, fault('SIGSTOP', 'publisher', 11_000)]] as const),
    );
    const { any, ofServers } = longestPauses(history);
    expect(any).toEqual({ from: 3_000, until: 12_000, faults: ['SIGSTOP'] });
    expect(ofServers).toEqual({ from: 0, until: 3_000, faults: [] });
  });
});
