import { describe, expect, it } from 'vitest';
import { outputMatches } from './match-output.js';
import { readPage } from './read-page.js';

describe('the output that a page shows', () => {
  it('is matched line by line, … standing for any text', () => {
    expect(outputMatches(['#1  {"id":"…"}', 'done'], ['#1  {"id":"7"}', 'done'])).toBe(true);
    expect(outputMatches(['#1  {"id":"…"}'], ['#2  {"id":"7"}'])).toBe(false);
    expect(outputMatches(['a.b'], ['axb'])).toBe(false);
  });

  it('is all of the output: a line more or less does not match', () => {
    expect(outputMatches(['one'], ['one', 'two'])).toBe(false);
    expect(outputMatches(['one', 'two'], ['one'])).toBe(false);
    expect(outputMatches([], [])).toBe(true);
    expect(outputMatches([], ['one'])).toBe(false);
  });

  it('may leave out any number of lines where it says so', () => {
    expect(outputMatches(['…', 'end'], ['end'])).toBe(true);
    expect(outputMatches(['…', 'end'], ['a', 'b', 'end'])).toBe(true);
    expect(outputMatches(['begin', '…'], ['begin', 'a'])).toBe(true);
    expect(outputMatches(['begin', '…', 'end'], ['begin', 'a'])).toBe(false);
  });
});

describe('reading a page', () => {
  it('finds the steps of every terminal, in their order', () => {
    const page = [
      'text',
      '```console',
      '# terminal: one or two',
      'seen',
      '$ command',
      'output',
      '> typed',
      '^C',
      '```',
      '```bash',
      'no',
      '```',
    ];
    expect(readPage(page.join('\n'))).toEqual([
      {
        terminals: ['one', 'two'],
        steps: [
          { type: 'output', line: 4, shows: ['seen'] },
          { type: 'command', text: 'command', line: 5, shows: ['output'] },
          { type: 'input', text: 'typed', line: 7, shows: [] },
          { type: 'interrupt', line: 8, shows: [] },
        ],
      },
    ]);
  });

  it('refuses a block that names no terminal', () => {
    expect(() => readPage('```console\n$ command\n```')).toThrow('line 2');
  });
});
