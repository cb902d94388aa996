import { describe, expect, it } from 'vitest';
import { InvalidSubjectError } from '../../../../lib/core/errors/index.js';
import { assertSubject } from '../../../../lib/core/options/index.js';

describe('assertSubject', () => {
  it.each(['ticket:created', 'ticket.created', 'a', 'a.b.c', 'žluť.🐎', '$x-y_z', 'x'.repeat(2_048)])(
    'takes %o',
    (subject) => {
      expect(() => {
        assertSubject(subject);
      }).not.toThrow();
    },
  );

  it.each<[unknown, RegExp]>([
    ['', /empty/],
    ['.', /empty token/],
    ['.a', /empty token/],
    ['a.', /empty token/],
    ['a..b', /empty token/],
    ['*', /wildcard "\*"/],
    ['a.*', /wildcard "\*"/],
    ['a*b', /wildcard "\*"/],
    ['a.>', /wildcard ">"/],
    ['a>b', /wildcard ">"/],
    ['a/b', /"\/"/],
    ['a b', /blank/],
    [' a', /blank/],
    ['a\tb', /blank/],
    ['a\r\nPUB x 1', /blank/],
    ['a\u0000', /control/],
    ['a\ud800', /surrogate/],
    ['x'.repeat(2_049), /longer than 2048 bytes/],
    ['🐎'.repeat(513), /longer than 2048 bytes/],
    [undefined, /not a string/],
    [7, /not a string/],
    [{ cmd: 'x' }, /not a string/],
  ])('refuses %o and says why', (subject, reason) => {
    expect(() => {
      assertSubject(subject);
    }).toThrow(InvalidSubjectError);
    expect(() => {
      assertSubject(subject);
    }).toThrow(reason);
  });

  it('refuses an object that cannot be turned into text without failing on it', () => {
    expect(() => {
      assertSubject(Object.create(null));
    }).toThrow(InvalidSubjectError);
    expect(() => {
      assertSubject(Symbol('s'));
    }).toThrow(InvalidSubjectError);
  });
});
