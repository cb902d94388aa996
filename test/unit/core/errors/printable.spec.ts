import { describe, expect, it } from 'vitest';
import { printable, printableLines, printableStack } from '../../../../lib/core/errors/printable.js';

describe('a text from outside', () => {
  it.each([
    ['orders\u001b[2J', 'orders\\u001b[2J'],
    ['orders\n[ERR] forged', 'orders\\n[ERR] forged'],
    ['a\u009bb\u007fc\u202ed\u2028e\r', 'a\\u009bb\\u007fc\\u202ed\\u2028e\\r'],
    ['größe 価格 🙂', 'größe 価格 🙂'],
  ])('neither steers a terminal nor begins a line: %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('stays the same JSON', () => {
    const given = { 'a\u009b\u007f': 'b\u202e\u2028\n\t' };
    expect(JSON.parse(printable(JSON.stringify(given)))).toEqual(given);
  });

  it('cannot end the line of its error in a stack', () => {
    const stack = printableStack('Error: seat\n[ERR] forged\u001b[2J\n    at here:1:1');
    expect(stack).toBe('Error: seat\\n[ERR] forged\\u001b[2J\n    at here:1:1');
  });

  it('keeps its own lines where it may have several', () => {
    expect(printableLines('a\n\tb\u001b[1m\r\n')).toBe('a\n\tb\\u001b[1m\\r\n');
  });
});
