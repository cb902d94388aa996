import { describe, expect, it } from 'vitest';

import { subjectProblem } from '../../../../lib/core/options/subject.js';
import { PublishSubjects } from '../../../../lib/core/publishing/publish-subjects.js';

function counting() {
  const checked: string[] = [];
  const subjects = new PublishSubjects((subject) => {
    checked.push(subject);
    return subjectProblem(subject);
  });
  return { checked, subjects };
}

describe('the subjects that a process publishes to', () => {
  it('are legal, or the problem is named each time', () => {
    const subjects = new PublishSubjects();
    for (let turn = 0; turn < 2; turn += 1) {
      expect(subjects.problemOf('ticket:created')).toBeUndefined();
      expect(subjects.problemOf('ticket.*')).toBe(subjectProblem('ticket.*'));
      expect(subjects.problemOf('')).toEqual(expect.any(String));
    }
  });

  it('are checked once where they are legal', () => {
    const { checked, subjects } = counting();
    for (const subject of ['a', 'b', 'a', 'b', 'c']) expect(subjects.problemOf(subject)).toBeUndefined();
    expect(checked).toEqual(['a', 'b', 'c']);
  });

  it('take bounded memory: of more than 1000, all are checked again', () => {
    const { checked, subjects } = counting();
    for (let number = 1; number <= 1_000; number += 1) subjects.problemOf(`s${String(number)}`);
    subjects.problemOf('s1');
    expect(checked).toHaveLength(1_000);
    subjects.problemOf('another');
    subjects.problemOf('s1');
    subjects.problemOf('another');
    expect(checked.slice(1_000)).toEqual(['another', 's1']);
  });
});
