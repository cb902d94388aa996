import { describe, expect, it } from 'vitest';
import { runDeadLetters } from '../../../../lib/cli/dead-letters/run-dead-letters.js';
import { testIo } from '../../../support/test-io.js';

async function run(argv: string[], env: Record<string, string> = {}) {
  const io = testIo({ env });
  return { exitCode: await runDeadLetters(argv, io), out: io.out(), err: io.err() };
}

describe('a usage error ends the command before anything is connected', () => {
  it.each<[string, string[], RegExp]>([
    ['no subject', ['list'], /--subject/],
    ['an illegal subject', ['list', '--subject', 'a.>'], /wildcard/],
    ['no number', ['show', '--subject', 'dead'], /sequence/],
    ['a number that is none', ['show', 'x', '--subject', 'dead'], /whole number/],
    ['the number 0', ['show', '0', '--subject', 'dead'], /begin at 1/],
    ['a range that is none', ['replay', '--from', '-1', '--subject', 'dead'], /whole number/],
    ['no entries', ['replay', '--subject', 'dead'], /error: select entries with exactly one of/],
    ['two kinds of entries', ['drop', '1', '--all', '--subject', 'dead'], /error: select entries with exactly one of/],
    ['no time at all', ['list', '--subject', 'dead', '--timeout', '0'], /--timeout.*from 1 on/],
    ['an unknown option', ['drop', '1', '--subject', 'dead', '--forse'], /--forse/],
    ['an unknown command', ['remove'], /remove/],
  ])('%s', async (_what, argv, reason) => {
    const { exitCode, out, err } = await run(argv, { NATS_URL: 'nats://127.0.0.1:1' });
    expect(exitCode).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(reason);
    expect(err).not.toContain('ECONNREFUSED');
  });

  it('an illegal connection option, by name', async () => {
    const { exitCode, err } = await run(['list', '--subject', 'dead', '--servers', 'http://app:secret@h']);
    expect(exitCode).toBe(2);
    expect(err).toContain('option "servers"');
    expect(err).not.toContain('secret');
  });
});

describe('help', () => {
  it('never shows a password that came by the environment', async () => {
    const { exitCode, out } = await run(['list', '--help'], { NATS_URL: 'nats://app:secret@h:4222' });
    expect(exitCode).toBe(0);
    expect(out).toContain('h:4222');
    expect(out).not.toContain('secret');
  });
});

describe('a server that is not there', () => {
  it('is told per attempt, and ends the command when the time is over', async () => {
    const { exitCode, err } = await run(['list', '--subject', 'dead', '--servers', '127.0.0.1:1', '--timeout', '1500']);
    expect(exitCode).toBe(1);
    expect(err).toMatch(
      /^connect attempt 1 failed: could not connect to nats:.*ECONNREFUSED.*; next in \d+ ms\n[^]*error: /,
    );
  });

  it('is told without the password for it', async () => {
    const servers = 'nats://app:secret@127.0.0.1:1';
    const { err } = await run(['list', '--subject', 'dead', '--servers', servers, '--timeout', '1500']);
    expect(err).toContain('attempt 1 failed');
    expect(err).not.toContain('secret');
  });
});
