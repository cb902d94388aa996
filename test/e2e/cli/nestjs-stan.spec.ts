import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeDeadLetter, encodePayload } from '../../../lib/core/dead-letters/dead-letter.js';
import type { TestBroker } from '../../support/brokers.js';
import { brokers } from '../../support/brokers.js';
import { fresh } from '../../support/fresh.js';
import { connectRawClient } from '../../support/raw-client.js';

const main = fileURLToPath(new URL('../../../dist/lib/cli/main.js', import.meta.url));

interface Outcome {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the built command as a process of its own, which has to end by itself. */
function run(argv: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...env }, timeout: 60_000 };
    execFile(process.execPath, [main, ...argv], options, (error, out, err) => {
      if (error && typeof error.code !== 'number')
        reject(new Error('the command did not end by itself', { cause: error }));
      else resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

describe('the built nestjs-stan command', () => {
  let broker: TestBroker;
  beforeAll(async () => {
    const embedded = brokers.find(({ name }) => name === 'embedded');
    broker = await embedded!.start({ clock: 'real', persistent: false });
  });
  afterAll(() => broker.close());

  it('prints its version and its commands', async () => {
    expect((await run(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await run(['--help'])).toMatchObject({
      exitCode: 0,
      out: expect.stringContaining('dead-letters') as string,
    });
  });

  it('ends with 2 where there is no such command, and with 1 where the server stays away', async () => {
    expect(await run(['nonsense'])).toMatchObject({ exitCode: 2, out: '' });
    const away = await run([
      'dead-letters',
      'list',
      '--subject',
      'dead',
      '--servers',
      '127.0.0.1:1',
      '--timeout',
      '300',
    ]);
    expect(away).toMatchObject({ exitCode: 1, out: '' });
    expect(away.err).toContain('error: ');
  });

  it.each([[['--help']], [['dead-letters', '--help']]])(
    'ends in silence when nobody reads on, as with `| head`: %j',
    async (argv) => {
      const child = spawn(process.execPath, [main, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
      child.stdout.destroy();
      let err = '';
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
      const [exitCode] = (await once(child, 'close')) as [number | null];
      expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    },
  );

  it('drops a dead letter, and ends by itself with 0', async () => {
    const dead = fresh('dead');
    const client = await connectRawClient(broker);
    const letter = {
      version: 1,
      subject: 'ticket:created',
      sequence: 1,
      timestamp: '2026-01-01T00:00:00.000Z',
      deliveries: 1,
      failedAt: '2026-01-01T00:00:00.000Z',
      error: { name: 'Error', message: 'no' },
      handler: 'Tickets.created',
      service: 'orders',
      clientId: 'orders-0',
      payload: encodePayload(Buffer.from('{}')),
    } as const;
    await client.publish(dead, encodeDeadLetter(letter));
    const env = { NATS_URL: broker.url, NATS_CLUSTER_ID: broker.clusterId };
    expect(await run(['dead-letters', 'drop', '1', '--subject', dead], env)).toMatchObject({
      exitCode: 0,
      out: '1 dropped\n',
    });
    const list = await run(['dead-letters', 'list', '--subject', dead], env);
    expect(list).toMatchObject({ exitCode: 0, out: '' });
    expect(list.err).toContain('0 open, 1 done');
  });
});
