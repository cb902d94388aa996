import { inspect } from 'node:util';

import { ConsoleLogger, Logger } from '@nestjs/common';
import type { LoggerService } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { logLine } from '../../../../lib/nest/events/log-line.js';
import type { Line } from '../../../../lib/nest/events/log-line.js';
import { SafeLogger } from '../../../../lib/nest/events/safe-logger.js';

const fields = { subject: 'ticket:created', sequence: 7, handler: 'Tickets.created', delivery: 2, traceId: 'abc' };
const line = { level: 'error', text: 'event 7 failed', fields, stack: 'Error: x\n    at here:1:1' } as const;

/** Writes a line where this is the application's logger. */
function logTo(application: LoggerService, given: Line): void {
  Logger.overrideLogger(application);
  try {
    logLine(new SafeLogger('ServerStan'), given);
  } finally {
    Logger.overrideLogger(new ConsoleLogger());
  }
}

/** What Nest's own logger writes to the terminal, or to where JSON is collected. */
describe("a line with fields at Nest's own logger", () => {
  let written = '';
  beforeEach(() => {
    written = '';
    const keep = (chunk: string | Uint8Array): boolean => Boolean((written += chunk.toString()));
    vi.spyOn(process.stdout, 'write').mockImplementation(keep);
    vi.spyOn(process.stderr, 'write').mockImplementation(keep);
  });
  afterEach(() => vi.restoreAllMocks());

  it('is its text in a terminal, on one line, with the trace at its end', () => {
    logTo(new ConsoleLogger({ colors: false }), { ...line, level: 'warn', stack: undefined });
    expect(written).toMatch(/ WARN \[ServerStan\] event 7 failed \[trace abc\] *\n$/);
    expect(written.trimEnd().split('\n')).toHaveLength(1);
  });

  it('has its fields as such in JSON, beside a message that is text, and the stack', () => {
    logTo(new ConsoleLogger({ json: true }), line);
    const { stack } = line;
    expect(JSON.parse(written)).toMatchObject({
      message: 'event 7 failed [trace abc]',
      level: 'error',
      stack,
      params: fields,
    });
  });

  it('leaves out what is not known', () => {
    logTo(new ConsoleLogger({ json: true }), {
      ...line,
      fields: { subject: 'a', traceId: undefined, delivery: undefined },
    });
    expect(JSON.parse(written)).toMatchObject({ message: 'event 7 failed', params: { subject: 'a' } });
    expect(written).not.toContain('delivery');
  });
});

describe('a line with fields at another logger', () => {
  it('is one object with message and fields, which is its text wherever it is made one', () => {
    const told: unknown[][] = [];
    const keep = (...args: unknown[]): void => void told.push(args);
    logTo({ log: keep, warn: keep, error: keep }, line);
    const [[object, stack]] = told as [[Error, string]];
    expect(stack).toBe(line.stack);
    expect(JSON.parse(JSON.stringify(object))).toEqual({ message: 'event 7 failed [trace abc]', ...fields });
    expect(object.toString()).toBe('event 7 failed [trace abc]');
    expect(inspect(object, { colors: false })).toBe('event 7 failed [trace abc]');
  });

  it.each(['takes objects', 'is of Nest'])('shows what could begin a line as its escape, once, where it %s', (kind) => {
    const told: unknown[] = [];
    const keep = (message: unknown): void => void told.push(String(message));
    const nests = Object.assign(new ConsoleLogger(), { error: keep });
    logTo(kind === 'is of Nest' ? nests : { log: keep, warn: keep, error: keep }, { ...line, text: 'a\nb\\n' });
    expect(told).toEqual(['a\\nb\\n [trace abc]']);
  });
});
