import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { SequenceMap } from '../../../../lib/core/delivery/sequence-map.js';

const sequences = fc.integer({ min: 0, max: 4 });
const steps = fc.array(
  fc.oneof(
    fc.record({ set: sequences, value: fc.option(fc.integer(), { nil: undefined }) }),
    fc.record({ delete: sequences }),
    fc.constant({ clear: true }),
  ),
);

describe('SequenceMap', () => {
  it('holds what a Map holds, in the same order, however many come and go', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const map = new SequenceMap<number | undefined>();
        const model = new Map<number, number | undefined>();
        for (const step of taken) {
          if ('set' in step) {
            map.set(step.set, step.value);
            model.set(step.set, step.value);
          } else if ('delete' in step) {
            map.delete(step.delete);
            model.delete(step.delete);
          } else {
            map.clear();
            model.clear();
          }
          expect(map.entries()).toEqual([...model]);
          expect(map.size).toBe(model.size);
          expect(map.firstSequence()).toBe(model.keys().next().value);
          expect([0, 1, 2, 3, 4].map((each) => map.get(each))).toEqual([0, 1, 2, 3, 4].map((each) => model.get(each)));
        }
      }),
    );
  });
});
