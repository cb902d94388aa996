import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { SubjectIndex } from '../../../../lib/broker/nats/subject-index.js';
import { isValidSubject } from '../../../../lib/broker/nats/subject.js';

interface Entry {
  readonly subject: string;
  readonly queue: string | undefined;
}

function entry(subject: string, queue?: string): Entry {
  return { subject, queue };
}

function found(index: SubjectIndex<Entry>, subject: string): string[] {
  const interests = index.match(subject);
  const all = interests.flatMap(({ plain, groups }) => [
    ...plain,
    ...[...groups.values()].flatMap((group) => [...group]),
  ]);
  return all.map((one) => one.subject).sort();
}

/** What a pattern covers, in the plainest words. */
function covers(pattern: string, subject: string): boolean {
  const source = pattern
    .split('.')
    .map((token) => (token === '*' ? '[^.]+' : token === '>' ? '.+' : token))
    .join('\\.');
  return new RegExp(`^${source}$`).test(subject) && !subject.split('.').includes('');
}

describe('SubjectIndex', () => {
  it.each([
    ['a.b', ['a.b', 'a.*', 'a.>', '*.b', '*.*', '>']],
    ['a', ['>', '*']],
    ['a.b.c', ['a.>', '>', 'a.*.c']],
    ['a..b', []],
    ['.a', []],
    ['a.', []],
  ])('finds for %s all that cover it and nothing else', (subject, expected) => {
    const index = new SubjectIndex<Entry>();
    for (const pattern of ['a.b', 'a.*', 'a.>', '*.b', '*.*', '>', '*', 'a.*.c', 'x.>']) index.insert(entry(pattern));
    expect(found(index, subject)).toEqual([...expected].sort());
  });

  it('agrees with the meaning of patterns, also after half of them are gone', () => {
    const token = fc.constantFrom('a', 'b', '*', '>');
    const pattern = fc
      .array(token, { minLength: 1, maxLength: 4 })
      .map((tokens) => tokens.join('.'))
      .filter(isValidSubject);
    const subject = fc
      .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 })
      .map((tokens) => tokens.join('.'));
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 20 }), subject, (patterns, wanted) => {
        const index = new SubjectIndex<Entry>();
        const entries = patterns.map((one, i) => entry(one, i % 3 === 0 ? 'queue' : undefined));
        for (const one of entries) index.insert(one);
        const gone = entries.filter((_, i) => i % 2 === 0);
        for (const one of gone) index.remove(one);
        const kept = entries.filter((one) => !gone.includes(one));
        expect(found(index, wanted)).toEqual(
          kept
            .map((one) => one.subject)
            .filter((one) => covers(one, wanted))
            .sort(),
        );
      }),
    );
  });

  it('finds what has come since it was asked last, and nothing that has gone', () => {
    const index = new SubjectIndex<Entry>();
    const steps = ['a.b', 'a.*', '>', 'x.y'].flatMap((subject) => {
      const one = entry(subject);
      return [() => index.insert(one), () => index.remove(one)];
    });
    const seen = steps.map((step) => {
      step();
      return found(index, 'a.b').join();
    });
    expect(seen).toEqual(['a.b', '', 'a.*', '', '>', '', '', '']);
  });

  it('is empty again when everything has been removed', () => {
    const index = new SubjectIndex<Entry>();
    const entries = ['a.b', 'a.*', 'a.>', 'a.*.c'].flatMap((one) => [entry(one), entry(one, 'q')]);
    for (const one of entries) index.insert(one);
    for (const one of entries) index.remove(one);
    // What it holds; what it has counted stays.
    const held = (of: object) =>
      JSON.stringify(of, (_name, value: unknown) => (typeof value === 'number' ? undefined : value));
    expect(held(index)).toBe(held(new SubjectIndex<Entry>()));
  });
});
