import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Progress } from '../../../../lib/cli/dead-letters/progress.js';

function terminal(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), {
    isTTY,
    columns: 80,
    cursorTo: () => true,
    clearLine: () => true,
    moveCursor: () => true,
  });
  return { stream, text: () => String(stream.read() ?? '') };
}

describe('Progress', () => {
  afterEach(() => void vi.useRealTimers());

  it('shows nothing for work that is over soon', () => {
    const { stream, text } = terminal(true);
    const progress = new Progress(2, stream);
    progress.step();
    progress.step();
    progress.stop();
    expect(text()).toBe('');
  });

  it('shows how far long work has come, on a terminal only', () => {
    vi.useFakeTimers();
    const [shown, hidden] = [terminal(true), terminal(false)].map(({ stream, text }) => {
      const progress = new Progress(4, stream);
      vi.advanceTimersByTime(600);
      progress.step();
      progress.stop();
      return text();
    });
    expect(shown).toContain('1/4');
    expect(hidden).toBe('');
  });

  it('leaves the terminal as it was when the process is ended half-way', () => {
    vi.useFakeTimers();
    const { stream, text } = terminal(true);
    const progress = new Progress(4, stream);
    vi.advanceTimersByTime(600);
    progress.step();
    const [hidesCursor, cutsLines] = ['\u001b[?25l', '\u001b[?7l'];
    const shown = text();
    progress.stop();
    expect([shown.includes('1/4'), shown.includes(hidesCursor), shown.includes(cutsLines)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
