import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LmdbStore } from '../../../lib/broker/store/lmdb/lmdb-store.js';
import { Random } from '../../contract/differential/random.js';
import { cleanUpAfterTest } from '../../support/cleanup.js';
import { quietFor } from '../../support/wait.js';

/** As for the crash test of the whole server: CRASH_KILLS, CRASH_SEED. */
const kills = Number(process.env['CRASH_KILLS'] ?? 5);
const seed = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000);
const child = join(import.meta.dirname, 'store-crash-child.mjs');

it(
  `a file store loses nothing that it has flushed in ${kills} kills, checkpoints of its log included (seed ${seed})`,
  { timeout: 1_200_000 },
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'nestjs-stan-store-crash-'));
    cleanUpAfterTest(() => rmSync(directory, { recursive: true, force: true }));
    const random = new Random(seed);
    let stored = 0;
    for (let round = 0; round < kills; round += 1) {
      const settled = await storedUntilKilled(directory, () => quietFor(random.integer(50, 600)));
      stored = await expectWhole(directory, settled, `after kill ${round} of seed ${seed}`);
    }
    // A run in which little was stored would have had no checkpoint.
    expect(stored).toBeGreaterThan(kills * 20);
  },
);

/** Returns the last message that the store had told of as stored. */
async function storedUntilKilled(directory: string, life: () => Promise<void>): Promise<number> {
  const writer = spawn(process.execPath, [child, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => writer.once('exit', resolve));
  let said = '';
  const begun = new Promise<void>((resolve) => {
    writer.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('stored ')) resolve();
    });
  });
  await Promise.race([begun, exited]);
  await life();
  expect(writer.exitCode, said).toBeNull();
  writer.kill('SIGKILL');
  await exited;
  const told = [...said.matchAll(/stored (\d+)\n/g)];
  return Number(told.at(-1)?.[1] ?? 0);
}

/** Returns the last message that is there. */
async function expectWhole(directory: string, settled: number, when: string): Promise<number> {
  const store = new LmdbStore({ directory });
  const state = await store.open();
  try {
    const log = state?.channels[0]?.store.messages;
    if (log === undefined) throw new Error(`the channel is gone ${when}`);
    expect(log.lastSequence, when).toBeGreaterThanOrEqual(settled);
    for (let sequence = log.firstSequence; sequence <= log.lastSequence; sequence += 1) {
      const bytes = log.get(sequence);
      if (bytes === undefined) throw new Error(`message ${sequence} is gone ${when}`);
      const { length } = bytes;
      expect(Buffer.from(bytes).readUInt32BE(), when).toBe(sequence);
      expect(bytes[length - 1], when).toBe(sequence % 251);
    }
    return log.lastSequence;
  } finally {
    await store.close();
  }
}
