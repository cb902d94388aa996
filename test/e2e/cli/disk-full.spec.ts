import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LmdbStore } from 'nestjs-stan/broker';
import { describe, expect, it } from 'vitest';
import { cleanUpAfterTest } from '../../support/cleanup.js';
import { freePort } from '../../support/free-port.js';
import { connectRawClient } from '../../support/raw-client.js';
import { eventually } from '../../support/wait.js';

const main = fileURLToPath(new URL('../../../dist/lib/cli/main.js', import.meta.url));
const payload = Buffer.alloc(4_000, 'x');

/** A server whose files cannot grow past 2 MiB: to the store that is a disk that is full. */
async function startOnSmallDisk(directory: string) {
  const port = await freePort();
  const command = `trap '' XFSZ; ulimit -f 2048; exec "$0" "$@"`;
  const flags = [main, 'server', '-p', String(port), '-st', 'FILE', '--dir', directory];
  const child = spawn('bash', ['-c', command, process.execPath, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  cleanUpAfterTest(() => child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  }
  await eventually(() => said.includes('Ready.'), { what: 'the banner', timeoutMs: 20_000 });
  return { child, url: `nats://127.0.0.1:${port}`, said: () => said };
}

describe.skipIf(process.platform === 'win32')('a server whose disk is full', () => {
  it('refuses what it cannot store, goes on, and holds what it acknowledged', { timeout: 30_000 }, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'nestjs-stan-full-'));
    cleanUpAfterTest(() => rmSync(directory, { recursive: true, force: true }));
    const server = await startOnSmallDisk(directory);
    const client = await connectRawClient({ url: server.url, clusterId: 'test-cluster' });
    const outcomes = [];
    for (let event = 0; event < 1_000; event += 1) {
      outcomes.push(client.publish('orders', payload).then(() => 'stored', () => 'refused')); // prettier-ignore
      if (event % 50 === 49) await Promise.all(outcomes);
    }
    const seen = await Promise.all(outcomes);
    const stored = seen.filter((outcome) => outcome === 'stored').length;
    expect(stored).toBeGreaterThan(0);
    expect(seen).toContain('refused');
    expect(server.said()).toContain('cannot be written');
    expect(server.child.exitCode).toBeNull();

    server.child.kill('SIGTERM');
    await once(server.child, 'exit');
    expect(server.said()).not.toContain('UnhandledPromiseRejection');
    const store = new LmdbStore({ directory });
    cleanUpAfterTest(() => store.close());
    const state = await store.open();
    expect(state?.channels.map(({ store }) => store.messages.count)).toEqual([stored]);
  });
});
