import { ConsoleLogger, Logger } from '@nestjs/common';
import type { LoggerService } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { SafeLogger } from '../../../../lib/nest/events/safe-logger.js';

const levels = ['log', 'warn', 'error', 'debug'] as const;

/** An application's logger whose every method does this. */
function loggerThat(write: (...values: unknown[]) => unknown): LoggerService {
  return { log: write, warn: write, error: write, debug: write };
}

describe("an application's logger", () => {
  const warnings: string[] = [];
  const unhandled: unknown[] = [];
  const keepUnhandled = (reason: unknown): void => void unhandled.push(reason);
  beforeEach(() => {
    warnings.length = unhandled.length = 0;
    vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)));
    process.on('unhandledRejection', keepUnhandled);
  });
  afterEach(() => {
    process.off('unhandledRejection', keepUnhandled);
    vi.restoreAllMocks();
    Logger.overrideLogger(new ConsoleLogger());
  });

  const failing: [string, () => unknown][] = [
    ['throws', thrower],
    ['rejects', () => Promise.reject(new Error('the log is gone'))],
    ['returns a thenable that rejects', () => ({ then: (_: unknown, no: (why: unknown) => void) => no('gone') })],
    ['returns a thenable that throws', () => ({ then: thrower })],
    ['returns what has a getter that throws', () => Object.defineProperty({}, 'then', { get: thrower })],
  ];

  it.each(failing)('that %s ends nothing, and is told of once', async (_what, write) => {
    Logger.overrideLogger(loggerThat(write));
    const logger = new SafeLogger('ServerStan');
    for (const level of levels) logger[level]('a line');
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining("application's logger failed")]);
  });

  it.each(failing)('that %s ends nothing when Nest flushes what it had buffered', async (_what, write) => {
    Logger.attachBuffer();
    new SafeLogger('ServerStan').log('a line');
    Logger.overrideLogger(loggerThat(write));
    Logger.flush();
    await new Promise((resolve) => setImmediate(resolve));
    expect([unhandled.length, warnings.length]).toEqual([0, 1]);
  });

  it('gets each text on one line, with the context behind it', () => {
    const lines: unknown[][] = [];
    Logger.overrideLogger(loggerThat((...values) => void lines.push(values)));
    const logger = new SafeLogger('ServerStan');
    for (const level of levels) logger[level]('a\n[ERR] forged\u001b[2J');
    logger.failed('a listener', new Error('b\nc'));
    const shown = 'a\\n[ERR] forged\\u001b[2J';
    const plain = [shown, 'ServerStan'];
    expect(lines.slice(0, 4)).toEqual([plain, plain, [shown, undefined, 'ServerStan'], plain]);
    const [text, stack] = lines.at(-1) as string[];
    expect(text).toBe('a listener failed: b\\nc');
    expect(stack).toMatch(/^Error: b\\nc\n {4}at /);
  });

  it('may be switched off', () => {
    Logger.overrideLogger(false);
    expect(() => new SafeLogger('ServerStan').log('a line')).not.toThrow();
  });
});

function thrower(): never {
  throw new Error('no');
}
