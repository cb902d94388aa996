import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { MemoryLog } from '../../../../lib/broker/store/memory-log.js';

describe('MemoryLog', () => {
  it('holds what a plain list of messages would, through any mix of appends and removals', () => {
    const append = fc.record({ bytes: fc.uint8Array({ maxLength: 3_000, size: 'max' }) });
    const remove = fc.record({ ahead: fc.integer({ min: -1, max: 4 }) });
    fc.assert(
      fc.property(fc.array(fc.oneof(append, remove), { maxLength: 80 }), (steps) => {
        const log = new MemoryLog();
        const model = new Map<number, Uint8Array>();
        let last = 0;
        for (const step of steps) {
          if ('bytes' in step) {
            log.append(++last, BigInt(last) * 10n, step.bytes);
            model.set(last, step.bytes);
          } else {
            const through = log.firstSequence + step.ahead;
            log.removeThrough(through);
            for (const sequence of [...model.keys()]) if (sequence <= through) model.delete(sequence);
          }
          expect(log.count).toBe(model.size);
        }
        expect(log.lastSequence).toBe(last);
        expect(log.bytes).toBe([...model.values()].reduce((sum, bytes) => sum + bytes.length, 0));
        for (let sequence = 0; sequence <= last + 1; sequence += 1) {
          const wanted = model.get(sequence);
          expect(log.get(sequence)).toEqual(wanted);
          expect(log.timestampOf(sequence)).toBe(wanted && BigInt(sequence) * 10n);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('copies what it is given', () => {
    const log = new MemoryLog();
    const bytes = Buffer.from('one');
    log.append(1, 1n, bytes);
    bytes.fill(0);
    expect(Buffer.from(log.get(1) ?? []).toString()).toBe('one');
  });

  it('never goes back with its last sequence', () => {
    const log = new MemoryLog();
    log.append(1, 1n, Buffer.from('one'));
    log.removeThrough(1);
    expect([log.firstSequence, log.lastSequence, log.count]).toEqual([2, 1, 0]);
    log.append(2, 2n, Buffer.from('two'));
    expect([log.firstSequence, log.lastSequence, log.count]).toEqual([2, 2, 1]);
  });
});
