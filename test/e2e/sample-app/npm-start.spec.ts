import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { StanBroker } from 'nestjs-stan/broker';
import { describe, expect, it } from 'vitest';
import type { InstanceView } from '../../../sample-app/shop/service-instance.js';
import { cleanUpAfterTest } from '../../support/cleanup.js';
import { eventually } from '../../support/wait.js';
import type { RunningShop } from './npm-start.js';
import { startShopProcess } from './npm-start.js';
import { programs } from './test-shop.js';

const run = promisify(execFile);

const instancesOf = async (shop: RunningShop) =>
  (await (await fetch(`${shop.url}/api/instances`)).json()) as InstanceView[];

/** Every process that the shop has started, whoever started it in between. */
async function familyOf(pid: number): Promise<number[]> {
  const all = existsSync('/proc/self/stat') ? await parentsFromProc() : await parentsFromPs();
  const childrenOf = (parent: number): number[] =>
    all.flatMap(([child, itsParent]) => (itsParent === parent ? [child, ...childrenOf(child)] : []));
  return childrenOf(pid);
}

type ChildAndParent = readonly [child: number, parent: number];

/** Linux; small images have no `ps`. */
async function parentsFromProc(): Promise<ChildAndParent[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  return stats.flatMap((stat) => {
    const [, child, parent] = /^(\d+) \(.*\) \S (\d+)/s.exec(stat) ?? [];
    return child && parent ? [[Number(child), Number(parent)] as const] : [];
  });
}

async function parentsFromPs(): Promise<ChildAndParent[]> {
  const { stdout } = await run('ps', ['-eo', 'pid=,ppid=']);
  const lines = stdout.trim().split('\n');
  return lines.map((line) => line.trim().split(/\s+/).map(Number)).map(([child = 0, parent = 0]) => [child, parent]);
}

const areGone = (pids: readonly number[]) =>
  eventually(() => pids.every((pid) => !isAlive(pid)), {
    what: `processes ${pids.join(', ')} to be gone`,
    timeoutMs: 15_000,
  });

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('npm start', () => {
  it('knows how far the services are behind on a server that was there before, by its monitoring port', async () => {
    const broker = await StanBroker.start({ port: 0, monitoringPort: 0 });
    cleanUpAfterTest(() => broker.close());
    const shop = await startShopProcess([], {
      NATS_URL: broker.url,
      NATS_CLUSTER_ID: broker.clusterId,
      NATS_MONITORING_URL: broker.monitoringUrl ?? '',
    });
    const lag = await (await fetch(`${shop.url}/api/lag`)).json();
    expect(lag).toEqual({ tickets: 0, orders: 0 });
  });

  it('says what runs where and what to try, and ends with nothing left behind on Ctrl-C', async () => {
    const shop = await startShopProcess(['--instances', '2']);
    for (const { name, url, pid } of await instancesOf(shop)) {
      expect(shop.printed()).toMatch(new RegExp(`${name} +${url!} +pid ${pid!}`));
      expect((await fetch(`${url!}/health`)).status).toBe(200);
    }
    expect(shop.printed()).toMatch(
      /event bus +nats:.*embedded[^]*streaming +its monitoring[^]*database +postgres:[^]*Try/,
    );
    const family = await familyOf(shop.pid);
    // Two times two instances, the keeper of Postgres, and Postgres with its own processes.
    expect(family.length).toBeGreaterThan(6);
    shop.signal('SIGINT');
    expect(await shop.ended()).toBe(0);
    expect(shop.printed()).toMatch(/Stopped\.\s*$/);
    await areGone(family);
  });

  it('ends at once on a second Ctrl-C, and leaves nothing behind', async () => {
    const shop = await startShopProcess();
    const family = await familyOf(shop.pid);
    shop.signal('SIGINT');
    await eventually(() => shop.printed().includes('Stopping'), { what: 'the first signal to be seen' });
    shop.signal('SIGINT');
    expect([0, 130]).toContain(await shop.ended());
    await areGone(family);
  });

  it('leaves nothing behind when it is killed with -9', async () => {
    const shop = await startShopProcess();
    const family = await familyOf(shop.pid);
    shop.signal('SIGKILL');
    await shop.ended();
    await areGone(family);
  });

  it('starts an instance again that was killed with -9, under its name and at its address', async () => {
    const shop = await startShopProcess();
    const [before] = await instancesOf(shop);
    process.kill(before!.pid!, 'SIGKILL');
    await eventually(
      async () => {
        const [now] = await instancesOf(shop);
        expect(now).toMatchObject({ name: before!.name, url: before!.url, state: 'running', restarts: 1 });
        expect(now!.pid).not.toBe(before!.pid);
      },
      { what: 'the instance to run again', timeoutMs: 30_000 },
    );
  });

  it('tells in one sentence which option is wrong', async () => {
    const failing = run(process.execPath, [join(programs, 'main.js'), '--instances', 'many']);
    await expect(failing).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--instances must be a whole number from 1 to 9, got 'many'") as string,
    });
  });

  it('says at once that its port is in use, and starts nothing', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    cleanUpAfterTest(() => taken.close());
    const { port } = taken.address() as AddressInfo;
    const failing = run(process.execPath, [join(programs, 'main.js'), '--port', String(port)]);
    await expect(failing).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(`port ${port} is in use`) as string,
    });
  });

  it('prints its options with --help', async () => {
    const { stdout } = await run(process.execPath, [join(programs, 'main.js'), '--help']);
    expect(stdout).toContain('--instances N');
  });
});
