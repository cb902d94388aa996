import { describe, expect, it } from 'vitest';
import { printable, printableLines } from '../../../../lib/core/errors/printable.js';

describe('a text from outside', () => {
  it.each([
    ['orders\u001b[2J', 'orders\\u001b[2J'],
    ['orders\n[ERR] forged', 'orders\\u000a[ERR] forged'],
    ['a\u009bb\u007fc\u202ed\u2028e\r', 'a\\u009bb\\u007fc\\u202ed\\u2028e\\u000d'],
    ['größe 価格 🙂', 'größe 価格 🙂'],
  ])('neither steers a terminal nor begins a line: %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('keeps its own lines where it may have several', () => {
    expect(printableLines('a\n\tb\u001b[1m\r\n')).toBe('a\n\tb\\u001b[1m\\u000d\n');
  });
});
