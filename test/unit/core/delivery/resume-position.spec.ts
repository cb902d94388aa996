import { describe, expect, it } from 'vitest';

import { HandledMemory } from '../../../../lib/core/delivery/handled-memory.js';
import { ResumePosition } from '../../../../lib/core/delivery/resume-position.js';
import { makeMessage } from '../../../support/pipeline-harness.js';

const at = (startAt: ConstructorParameters<typeof ResumePosition>[0]) => {
  const clock = { nowMs: 0 };
  return { clock, position: new ResumePosition(startAt, () => clock.nowMs) };
};

describe('on the same server', () => {
  it('resumes after the last settled sequence', () => {
    const { position } = at('new');
    for (const sequence of [4, 5, 6]) {
      position.received(makeMessage(sequence));
      position.settled(makeMessage(sequence));
    }
    expect(position.resumeAt(false)).toEqual({ sequence: 7 });
  });

  it('resumes at the oldest event that is not settled', () => {
    const { position } = at('new');
    for (const sequence of [4, 5, 6]) position.received(makeMessage(sequence));
    position.settled(makeMessage(4));
    position.settled(makeMessage(6));
    expect(position.resumeAt(false)).toEqual({ sequence: 5 });
  });

  it('goes back as far as the time since it first subscribed where nothing has arrived yet', () => {
    const { clock, position } = at('new');
    clock.nowMs = 1_234.5;
    expect(position.resumeAt(false)).toEqual({ agoMs: 1_235 });
  });

  it('keeps what was asked for where nothing has arrived yet', () => {
    const { clock, position } = at({ agoMs: 1_000 });
    clock.nowMs = 500;
    expect(position.resumeAt(false)).toEqual({ agoMs: 1_500 });
    expect(at('first').position.resumeAt(false)).toBe('first');
    expect(at('lastReceived').position.resumeAt(false)).toBe('first');
    expect(at({ sequence: 9 }).position.resumeAt(false)).toEqual({ sequence: 9 });
  });
});

describe('on a server that may have started over', () => {
  it('starts from the first event and passes over those older than the settled ones', () => {
    const { position } = at('new');
    position.received(makeMessage(8, { timestampNs: 8_000 }));
    position.settled(makeMessage(8, { timestampNs: 8_000 }));
    expect(position.resumeAt(true)).toBe('first');
    expect(position.isPassedOver(makeMessage(8, { timestampNs: 8_000 }))).toBe(true);
    expect(position.isPassedOver(makeMessage(1, { timestampNs: 9_000 }))).toBe(false);
  });

  it('does not pass over what was not settled', () => {
    const { position } = at('new');
    position.received(makeMessage(7, { timestampNs: 7_000 }));
    position.received(makeMessage(8, { timestampNs: 8_000 }));
    position.settled(makeMessage(8, { timestampNs: 8_000 }));
    position.resumeAt(true);
    expect(position.isPassedOver(makeMessage(7, { timestampNs: 7_000 }))).toBe(false);
    expect(position.isPassedOver(makeMessage(6, { timestampNs: 6_000 }))).toBe(true);
  });

  it('does not take an event of the server before for the one that has its sequence now', () => {
    const { position } = at('new');
    position.received(makeMessage(5, { timestampNs: 500 }));
    position.resumeAt(true);
    for (const sequence of [1, 2, 3, 4]) {
      position.received(makeMessage(sequence, { timestampNs: 800 + sequence }));
      position.settled(makeMessage(sequence, { timestampNs: 800 + sequence }));
    }
    position.received(makeMessage(5, { timestampNs: 900 }));
    position.received(makeMessage(6, { timestampNs: 950 }));
    position.settled(makeMessage(5, { timestampNs: 500 }));
    position.settled(makeMessage(6, { timestampNs: 950 }));
    expect(position.resumeAt(false)).toEqual({ sequence: 5 });
  });

  it('counts sequences from the start afterwards', () => {
    const { position } = at('new');
    position.received(makeMessage(500, { timestampNs: 500 }));
    position.settled(makeMessage(500, { timestampNs: 500 }));
    position.resumeAt(true);
    expect(position.resumeAt(false)).toBe('first');
    for (const sequence of [1, 2]) {
      position.received(makeMessage(sequence, { timestampNs: 600 }));
      position.settled(makeMessage(sequence, { timestampNs: 600 }));
    }
    expect(position.resumeAt(false)).toEqual({ sequence: 3 });
  });
});

describe('what it remembers', () => {
  it('is every event settled behind a gap, however many', () => {
    const position = new ResumePosition('first', () => 0, { handled: new HandledMemory(100) });
    for (let sequence = 2; sequence <= 5_000; sequence += 1) {
      position.received(makeMessage(sequence));
      position.settled(makeMessage(sequence));
    }
    expect(position.resumeAt(false)).toEqual({ sequence: 1 });
    expect(position.isPassedOver(makeMessage(1))).toBe(false);
    expect(position.isPassedOver(makeMessage(2))).toBe(true);
    expect(position.isPassedOver(makeMessage(5_000))).toBe(true);
  });

  it('holds no more unsettled events than the server lets out, so that other members of a group cannot make it grow', () => {
    const position = new ResumePosition('first', () => 0, { isGroupMember: true, maxInFlight: 2 });
    for (let sequence = 1; sequence <= 100; sequence += 1) position.received(makeMessage(sequence));
    expect(position.resumeAt(false)).toEqual({ sequence: 97 });
  });
});

/** A position whose events have their sequence as their time, in a memory of the newest 100. */
function remembering(startAt: ConstructorParameters<typeof ResumePosition>[0], settled: { from: number; to: number }) {
  const position = new ResumePosition(startAt, () => 0, { handled: new HandledMemory(100) });
  for (let sequence = settled.from; sequence <= settled.to; sequence += 1) {
    position.received({ sequence, timestampNs: sequence });
    position.settled({ sequence, timestampNs: sequence });
  }
  return position;
}

const passes = (position: ResumePosition, sequence: number, timestampNs = sequence): boolean =>
  position.isPassedOver({ sequence, timestampNs });

describe('what another server sends of long ago', () => {
  it('is passed over where all of it was settled, also where no memory of it is left', () => {
    for (const [startAt, from] of [
      ['first', 1],
      [{ sequence: 101 }, 101],
    ] as const) {
      const position = remembering(startAt, { from, to: 600 });
      position.resumeAt(true);
      expect([50, 300, 600].map((sequence) => passes(position, sequence))).toEqual([true, true, true]);
      expect(passes(position, 601)).toBe(false);
    }
  });

  it('is passed over up to the first that is not settled', () => {
    const position = remembering('first', { from: 1, to: 600 });
    position.received({ sequence: 601, timestampNs: 601 });
    position.resumeAt(true);
    expect([300, 600, 601].map((sequence) => passes(position, sequence))).toEqual([true, true, false]);
  });

  it('is another event where its time is that of a later one, or the same as that of what is known', () => {
    const position = remembering('first', { from: 1, to: 600 });
    position.resumeAt(true);
    expect(passes(position, 300, 590)).toBe(false);
    expect(passes(position, 1, 600)).toBe(false);
    const { position: other } = at('new');
    other.received({ sequence: 8, timestampNs: 8 });
    other.settled({ sequence: 8, timestampNs: 8 });
    other.resumeAt(true);
    expect([passes(other, 7, 7), passes(other, 7, 8)]).toEqual([true, false]);
  });

  it('is still passed over where the server changes again before it has come by', () => {
    const position = remembering('new', { from: 8, to: 8 });
    position.resumeAt(true);
    position.passed({ sequence: 1, timestampNs: 1 });
    position.resumeAt(true);
    expect([2, 7, 8, 9].map((sequence) => passes(position, sequence))).toEqual([true, true, true, false]);
  });

  it('grows with what was settled between two changes of the server', () => {
    const position = remembering('new', { from: 8, to: 8 });
    position.resumeAt(true);
    for (let sequence = 1; sequence <= 600; sequence += 1) {
      position.received({ sequence, timestampNs: sequence });
      position.settled({ sequence, timestampNs: sequence });
    }
    position.resumeAt(true);
    expect([2, 300, 600, 601].map((sequence) => passes(position, sequence))).toEqual([true, true, true, false]);
  });
});

describe('a session that starts behind the place it asked for', () => {
  const ackWaitMs = 1_000;

  function starting(startAt: ConstructorParameters<typeof ResumePosition>[0] = 'first') {
    const clock = { nowMs: 50_000 };
    const position = new ResumePosition(startAt, () => clock.nowMs, { ackWaitMs });
    const handle = (...sequences: number[]) => {
      for (const sequence of sequences) {
        position.received(makeMessage(sequence));
        position.settled(makeMessage(sequence));
      }
    };
    return { clock, position, handle };
  }

  it('has lost its first deliveries, until they would have come again: four ack waits', () => {
    const { clock, position, handle } = starting();
    position.received(makeMessage(501));
    clock.nowMs += 4 * ackWaitMs - 1;
    handle(502);
    expect(position.resumeAt(false)).toEqual({ sequence: 1 });
  });

  it('has found them gone after that, and goes on with the first that came', () => {
    const { clock, position, handle } = starting();
    position.received(makeMessage(501));
    clock.nowMs += 4 * ackWaitMs;
    handle(502);
    expect(position.resumeAt(false)).toEqual({ sequence: 501 });
  });

  it('counts as the first the lowest that has come meanwhile', () => {
    const { clock, position, handle } = starting();
    handle(501);
    position.received(makeMessage(500));
    clock.nowMs += 4 * ackWaitMs;
    handle(502);
    expect(position.resumeAt(false)).toEqual({ sequence: 500 });
  });

  it('counts anew in the next session', () => {
    const { clock, position, handle } = starting();
    handle(501);
    clock.nowMs += 3 * ackWaitMs;
    position.resumeAt(false);
    handle(502);
    clock.nowMs += 3 * ackWaitMs;
    handle(503);
    expect(position.resumeAt(false)).toEqual({ sequence: 1 });
  });

  it('asks again for the sequence it was to start at where that one never came', () => {
    const { position, handle } = starting({ sequence: 6 });
    handle(7);
    expect(position.resumeAt(false)).toEqual({ sequence: 6 });
    handle(6);
    expect(position.resumeAt(false)).toEqual({ sequence: 8 });
  });

  it('goes on behind the first that came where it began at a time', () => {
    const { position, handle } = starting({ agoMs: 1_000 });
    handle(7, 8);
    expect(position.resumeAt(false)).toEqual({ sequence: 9 });
  });

  it('goes back to the first that came where that one alone is not settled', () => {
    for (const startAt of ['new', 'lastReceived', { agoMs: 1_000 }] as const) {
      const { position, handle } = starting(startAt);
      position.received(makeMessage(7));
      handle(8);
      expect(position.resumeAt(false)).toEqual({ sequence: 7 });
    }
  });

  it('goes back by the time since it subscribed, whatever the clock showed then', () => {
    const { clock, position } = starting('new');
    clock.nowMs += 700;
    expect(position.resumeAt(false)).toEqual({ agoMs: 700 });
  });
});

describe('a member of a queue group', () => {
  const member = () => new ResumePosition('new', () => 0, { isGroupMember: true });

  it('resumes at the oldest that has arrived and is not settled, in whatever order they came', () => {
    for (const order of [
      [3, 5, 9],
      [9, 5, 3],
      [5, 3, 9],
    ]) {
      const position = member();
      for (const sequence of order) position.received(makeMessage(sequence));
      position.settled(makeMessage(9));
      expect(position.resumeAt(false)).toEqual({ sequence: 3 });
    }
  });

  it('passes over what another server sends of before its first event', () => {
    const position = member();
    position.received({ sequence: 8, timestampNs: 8 });
    position.settled({ sequence: 8, timestampNs: 8 });
    position.resumeAt(true);
    expect([3, 8, 9].map((sequence) => passes(position, sequence))).toEqual([true, true, false]);
  });

  it('resumes behind the newest where all are settled', () => {
    const position = member();
    for (const sequence of [9, 3, 5]) {
      position.received(makeMessage(sequence));
      position.settled(makeMessage(sequence));
    }
    expect(position.resumeAt(false)).toEqual({ sequence: 10 });
  });
});

describe('a subscription with many events under way', () => {
  it('remembers as many gaps as the server can leave', () => {
    const setup = { maxInFlight: 2_000, handled: new HandledMemory(10) };
    const position = new ResumePosition('first', () => 0, setup);
    for (let sequence = 2; sequence <= 2_400; sequence += 2) {
      position.received(makeMessage(sequence));
      position.settled(makeMessage(sequence));
    }
    for (let sequence = 2; sequence <= 2_400; sequence += 2)
      expect(position.isPassedOver(makeMessage(sequence))).toBe(true);
  });
});
