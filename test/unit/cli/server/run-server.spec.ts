import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { CliIo } from '../../../../lib/cli/io/cli-io.js';
import { runServer, stopSignal } from '../../../../lib/cli/server/run-server.js';
import { cleanUpAfterTest } from '../../../support/cleanup.js';
import { eventually, latch } from '../../../support/wait.js';

class Sink extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}

const fakeIo = () => {
  const stdout = new Sink();
  const stderr = new Sink();
  return { stdout, stderr, env: {}, now: () => new Date(0) } satisfies CliIo;
};

/** Runs the server until the test says stop. */
async function start(line: string) {
  const io = fakeIo();
  const stop = latch<string>();
  const code = runServer(line.split(' '), io, () => stop.promise);
  await eventually(() => io.stdout.text.includes('Ready.'), { what: 'the banner' });
  const url = /http:\S+/.exec(io.stdout.text)?.[0] ?? '';
  return { io, url, stop: () => (stop.open('SIGTERM'), code) };
}

describe('nestjs-stan server', () => {
  it('serves the monitoring endpoints until it is told to stop, and then ends with 0', async () => {
    const server = await start('-p 0 -m 0 -cid ticketing');
    const answer = (await (await fetch(`${server.url}/serverz`)).json()) as { cluster_id: string };
    expect(answer.cluster_id).toBe('ticketing');
    expect(await server.stop()).toBe(0);
    expect(server.io.stdout.text).toContain('Stopping (SIGTERM)');
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it('says on a banner what it serves', async () => {
    const server = await start('-p 0 -hbi 5s -hbt 2s -hbf 2 -mb 0 -ma 1h');
    await server.stop();
    expect(server.io.stdout.text).toMatch(/clients +nats:\/\/127\.0\.0\.1:\d+/);
    expect(server.io.stdout.text).toContain('every 5s, answered within 2s; 2 may fail');
    expect(server.io.stdout.text).toContain('kept for 1h');
    expect(server.io.stdout.text).toContain('memory: gone when this process ends');
  });

  it('keeps its state in files when asked to', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'nestjs-stan-cli-'));
    cleanUpAfterTest(() => rmSync(directory, { recursive: true, force: true }));
    const server = await start(`-p 0 -m 0 -st FILE --dir ${directory}`);
    const answer = (await (await fetch(`${server.url}/storez`)).json()) as { type: string };
    expect(answer.type).toBe('FILE');
    await server.stop();
  });

  it('prints each step with -SD only', async () => {
    const [quiet, loud] = [await start('-p 0'), await start('-p 0 -SD')];
    await Promise.all([quiet.stop(), loud.stop()]);
    expect(quiet.io.stderr.text).not.toContain('[DBG]');
    expect(quiet.io.stderr.text).toContain('[INF] STREAM: ');
  });

  it('ends with 1 and a readable error when its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    cleanUpAfterTest(() => other.close());
    await eventually(() => other.listening);
    const io = fakeIo();
    const { port } = other.address() as AddressInfo;
    expect(await runServer(['-p', String(port)], io, () => latch<string>().promise)).toBe(1);
    expect(io.stderr.text).toContain(`cannot listen on 127.0.0.1:${port}`);
    expect(io.stdout.text).toBe('');
  });

  it('ends with 2 and names the nearest flag when it does not know one', async () => {
    const io = fakeIo();
    expect(await runServer(['--portt', '1'], io)).toBe(2);
    expect(io.stderr.text).toContain('did you mean --port?');
  });

  it.each(['-h', '--help', '-help'])('prints every flag for %s and ends with 0', async (flag) => {
    const io = fakeIo();
    expect(await runServer([flag], io)).toBe(0);
    expect(io.stdout.text).toContain('-hbi, --hb_interval <duration>');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('stops on %s, and leaves a second one to the system', async (signal) => {
    const listeners = process.listenerCount(signal);
    const stopped = stopSignal();
    process.emit(signal, signal);
    expect(await stopped).toBe(signal);
    expect(process.listenerCount(signal)).toBe(listeners);
  });
});
