import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { describe, expect, it } from 'vitest';
import { LmdbStore } from '../../../../../lib/broker/store/lmdb/lmdb-store.js';
import { sealRecord } from '../../../../../lib/broker/store/lmdb/rows.js';
import { cleanUpAfterTest } from '../../../../support/cleanup.js';

const corrupt = { code: 'STAN_BROKER_STORE_CORRUPT' };
const fileHeadBytes = 20;

describe('the write-ahead log of a store that was not closed', () => {
  it('is refused when a file of it is missing', async () => {
    const copy = await copyOfOpen(3);
    rmSync(join(copy, 'broker.mdb-wal0'));
    await expectRefusal(copy, /broker\.mdb-wal0 is missing or belongs to another data file/);
  });

  it('is refused when it is that of another store, though its numbers would fit', async () => {
    const copy = await copyOfOpen(2);
    const other = await copyOfOpen(5);
    for (const file of ['broker.mdb-wal0', 'broker.mdb-wal1']) cpSync(join(other, file), join(copy, file));
    await expectRefusal(copy, /belongs to another data file/);
  });

  it('is refused when its salt has changed, by which its records would not be found', async () => {
    const copy = await copyOfOpen(3);
    const path = join(copy, 'broker.mdb-wal0');
    const bytes = readFileSync(path);
    bytes[fileHeadBytes - 1] = (bytes[fileHeadBytes - 1] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    await expectRefusal(copy, /is missing or belongs to another data file/);
  });

  it('is refused without the data file that belongs to it', async () => {
    const copy = await copyOfOpen(3);
    rmSync(join(copy, 'broker.mdb'));
    await expectRefusal(copy, /write-ahead log is there, and the data file that belongs to it is not/);
  });

  it('gives everything before its last record, wherever that was cut', { timeout: 60_000 }, async () => {
    const copy = await copyOfOpen(2);
    const { size } = statSync(join(copy, 'broker.mdb-wal0'));
    for (const left of [size - 1, size - 60, size - 120, size - 160]) {
      const cut = copyOf(copy);
      truncateSync(join(cut, 'broker.mdb-wal0'), left);
      expect(await lastSequenceIn(cut), `${left} of ${size} bytes`).toBe(1);
    }
  });
});

describe('the write-ahead log of a store that was closed', () => {
  it('is empty, and the store is whole without it', async () => {
    const { directory, store } = await openStore(5);
    await store.close();
    const logs = ['broker.mdb-wal0', 'broker.mdb-wal1'].map((file) => join(directory, file));
    expect(logs.map((path) => statSync(path).size)).toEqual([0, 0]);
    for (const path of logs) rmSync(path);
    expect(await lastSequenceIn(directory)).toBe(5);
  });

  it('takes nothing in from the log of another store', async () => {
    const { directory, store } = await openStore(5);
    await store.close();
    const other = await copyOfOpen(9);
    for (const file of ['broker.mdb-wal0', 'broker.mdb-wal1']) cpSync(join(other, file), join(directory, file));
    expect(await lastSequenceIn(directory)).toBe(5);
  });

  it('is of use again when the store is opened', async () => {
    const { directory, store } = await openStore(5);
    await store.close();
    const again = new LmdbStore({ directory });
    cleanUpAfterTest(() => again.close());
    const state = await again.open();
    state?.channels[0]?.store.messages.append(6, 6n, Buffer.from('six'));
    await again.flush();
    expect(await lastSequenceIn(copyOf(directory))).toBe(6);
  });
});

describe('a store', () => {
  it('that was opened and never written is new when it is opened again', async () => {
    const directory = freshDirectory();
    for (let times = 0; times < 2; times += 1) {
      const store = new LmdbStore({ directory });
      expect(await store.open()).toBeUndefined();
      expect(await lastSequenceIn(copyOf(directory))).toBeUndefined();
      await store.close();
    }
  });

  it('says which file it is when a directory is in the place of its log', async () => {
    const directory = freshDirectory();
    mkdirSync(join(directory, 'broker.mdb-wal1'));
    await expect(lastSequenceIn(directory)).rejects.toMatchObject({
      code: 'STAN_BROKER_START_FAILED',
      message: expect.stringContaining('broker.mdb-wal1') as string,
    });
  });

  it('of an earlier layout is refused with both versions, and stays as it is', async () => {
    const directory = freshDirectory();
    const path = join(directory, 'broker.mdb');
    const database = open({ path, noSubdir: true, encoding: 'binary', keyEncoding: 'binary' });
    await database.put(Buffer.from('F'), sealRecord({ format: 'nestjs-stan broker', version: 1 }));
    await database.close();
    const before = readFileSync(path);
    await expectRefusal(
      directory,
      /format has version 1, and this release reads 2, so that only the release that wrote/,
    );
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

async function openStore(messages: number): Promise<{ directory: string; store: LmdbStore }> {
  const directory = freshDirectory();
  const store = new LmdbStore({ directory });
  cleanUpAfterTest(() => store.close());
  await store.open();
  store.saveServer({ clusterId: 'c' });
  const { messages: log } = store.createChannel('orders');
  for (let sequence = 1; sequence <= messages; sequence += 1) {
    log.append(sequence, BigInt(sequence), Buffer.alloc(40, sequence));
    await store.flush();
  }
  return { directory, store };
}

/** What a process that was killed leaves. */
async function copyOfOpen(messages: number): Promise<string> {
  return copyOf((await openStore(messages)).directory);
}

function copyOf(directory: string): string {
  const copy = freshDirectory();
  cpSync(directory, copy, { recursive: true, filter: (source) => !source.includes('lock') });
  return copy;
}

async function lastSequenceIn(directory: string): Promise<number | undefined> {
  const store = new LmdbStore({ directory });
  try {
    return (await store.open())?.channels[0]?.store.messages.lastSequence;
  } finally {
    await store.close();
  }
}

async function expectRefusal(directory: string, message: RegExp): Promise<void> {
  const refusal = lastSequenceIn(directory);
  await expect(refusal).rejects.toMatchObject(corrupt);
  await expect(refusal).rejects.toThrow(message);
}

function freshDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'nestjs-stan-log-'));
  cleanUpAfterTest(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
