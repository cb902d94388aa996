import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../../lib/cli/run-cli.js';
import { testIo } from '../../support/test-io.js';

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

async function run(...argv: string[]) {
  const io = testIo();
  return { exitCode: await runCli(argv, io), out: io.out(), err: io.err() };
}

describe('nestjs-stan', () => {
  it.each(['--help', '-h', 'help'])('prints its commands for %s', async (flag) => {
    const { exitCode, out } = await run(flag);
    expect(exitCode).toBe(0);
    expect(out).toContain('dead-letters');
  });

  it.each(['--version', '-V'])('prints its version for %s', async (flag) => {
    expect(await run(flag)).toMatchObject({ exitCode: 0, out: `${version}\n` });
  });

  it('prints its commands as an error where no command is given, or one that it does not know', async () => {
    expect(await run()).toMatchObject({ exitCode: 2, out: '' });
    const unknown = await run('dead-leters');
    expect(unknown).toMatchObject({ exitCode: 2, out: '' });
    expect(unknown.err).toContain('no command "dead-leters"');
  });

  it('hands everything after the name of a command to it', async () => {
    const { exitCode, out } = await run('dead-letters', 'replay', '--help');
    expect(exitCode).toBe(0);
    expect(out).toContain('--dry-run');
  });
});
