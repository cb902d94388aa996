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
