import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TestBroker } from '../../support/brokers.js';
import { brokers } from '../../support/brokers.js';
import { cleanUpAfterTest, showWhenTestFails } from '../../support/cleanup.js';
import { eventually, withDeadline } from '../../support/wait.js';
import { programs } from './test-shop.js';

interface Program {
  readonly child: ChildProcessWithoutNullStreams;
  printed(): string;
  /** The exit code or the signal that ended it. */
  ended(): Promise<number | string>;
}

/** Runs one of the course's programs, or what `npm run listen` runs to watch over it; killed when the test ends. */
function run(file: string, broker: TestBroker, args: readonly string[] = []): Program {
  const environment = { ...process.env, NATS_URL: broker.url, NATS_CLUSTER_ID: broker.clusterId };
  const child = spawn(process.execPath, [file, ...args], { env: environment });
  const exited = new Promise<number | string>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? signal ?? '')),
  );
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const ended = () => withDeadline(exited, { what: `${file} to end`, timeoutMs: 20_000 });
  cleanUpAfterTest(() => {
    child.kill('SIGTERM');
    return ended().finally(() => child.kill('SIGKILL'));
  });
  showWhenTestFails(() => `--- ${file}\n${text}`);
  return { child, printed: () => text, ended };
}

const listen = join(programs, 'cli', 'listen.js');
const publish = join(programs, 'cli', 'publish.js');

const listens = (program: Program, times = 1) =>
  eventually(() => program.printed().match(/listens to ticket:created/g)?.length === times, {
    what: `the listener to listen for the ${times}. time`,
    timeoutMs: 60_000,
  });
const titlesAt = (program: Program) => [...program.printed().matchAll(/"title":"([^"]+)"/g)].map((match) => match[1]!);

describe('the programs of the course', () => {
  const start = () => brokers[0]!.start({ clock: 'real' });

  it('share the events among two listeners, each of which has a client id of its own', async () => {
    const broker = await start();
    const listeners = [run(listen, broker), run(listen, broker)];
    await Promise.all(listeners.map((listener) => listens(listener)));
    const publisher = run(publish, broker);
    const titles = Array.from({ length: 10 }, (_, index) => `show-${index}`);
    publisher.child.stdin.end(titles.map((title) => `${title} 20\n`).join(''));
    expect(await publisher.ended()).toBe(0);
    expect(publisher.printed().match(/stored: ticket:created/g)).toHaveLength(10);

    const all = () => listeners.flatMap(titlesAt).sort();
    await eventually(() => expect(all()).toEqual(titles), { what: 'each event to arrive once' });
    for (const listener of listeners) expect(titlesAt(listener).length).toBeGreaterThan(0);
    const clientIds = await broker.facts.clientIds();
    expect(clientIds.filter((id) => id.startsWith('listener-'))).toHaveLength(2);
  });

  it('close the subscription on SIGINT, so that the durable waits and the next listener gets what was missed', async () => {
    const broker = await start();
    const first = run(listen, broker);
    await listens(first);
    first.child.kill('SIGINT');
    await first.ended();
    expect(await broker.facts.isOffline('ticket:created')).toBe(true);
    expect(await run(publish, broker, ['late show', '15']).ended()).toBe(0);
    const second = run(listen, broker);
    await eventually(() => expect(titlesAt(second)).toEqual(['late show']), {
      what: 'the missed event',
      timeoutMs: 30_000,
    });
  });

  it('refuse what is no ticket, in words', async () => {
    const publisher = run(publish, await start(), ['concert']);
    expect(await publisher.ended()).toBe(1);
    expect(publisher.printed()).toContain('give a title and a price');
  });

  it('start again when somebody types rs, and end on SIGINT', async () => {
    const broker = await start();
    const watch = run(join(programs, '..', '..', 'sample-app', 'watch.mjs'), broker, ['listen']);
    await listens(watch);
    watch.child.stdin.write('rs\n');
    await listens(watch, 2);
    watch.child.kill('SIGINT');
    await watch.ended();
  });
});
