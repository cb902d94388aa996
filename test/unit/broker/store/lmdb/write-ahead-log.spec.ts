import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeRecord } from '../../../../../lib/broker/store/lmdb/log-record.js';
import { LmdbStore } from '../../../../../lib/broker/store/lmdb/lmdb-store.js';
import { WriteAheadLog } from '../../../../../lib/broker/store/lmdb/write-ahead-log.js';
import { cleanUpAfterTest } from '../../../../support/cleanup.js';

const row = (text: string) => ({ key: Buffer.from(`k${text}`), row: Buffer.from(text) });

describe('a write-ahead log', () => {
  it('gives back what was appended and is not in the data file yet, in order and over both files', async () => {
    const { path, log } = await freshLog();
    await log.append([row('one'), { key: Buffer.from('gone'), row: undefined }]);
    log.switchFile();
    await log.append([row('two')]);
    await log.append([]);
    const records = await WriteAheadLog.read(path, 0);
    expect(records.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(records[0]?.changes).toEqual([row('one'), { key: Buffer.from('gone'), row: undefined }]);
    expect((await WriteAheadLog.read(path, 1)).map(({ changes }) => changes)).toEqual([[row('two')], []]);
  });

  it('leaves out a last record that a crash has cut short', async () => {
    const { path, log } = await freshLog();
    await log.append([row('one')]);
    await log.append([row('two')]);
    truncateSync(`${path}-wal0`, readFileSync(`${path}-wal0`).length - 1);
    expect((await WriteAheadLog.read(path, 0)).map(({ number }) => number)).toEqual([1]);
  });

  it('leaves out the records of an earlier pass behind the newest ones', async () => {
    const { path, log } = await freshLog();
    for (let count = 0; count < 5; count += 1) await log.append([row('long '.repeat(20))]);
    log.switchFile();
    await log.append([row('other')]);
    log.switchFile();
    await log.append([row('new')]);
    expect((await WriteAheadLog.read(path, 6)).map(({ changes }) => changes)).toEqual([[row('new')]]);
    expect((await WriteAheadLog.read(path, 5)).map(({ number }) => number)).toEqual([6, 7]);
  });

  it('goes on behind the records that it had before', async () => {
    const { path, log } = await freshLog();
    await log.append([row('one')]);
    const again = await WriteAheadLog.begin(path, 1);
    cleanUpAfterTest(() => again.close(false));
    await again.append([row('two')]);
    expect((await WriteAheadLog.read(path, 1)).map(({ changes }) => changes)).toEqual([[row('two')]]);
  });

  it('is refused when a record before the last one is damaged', async () => {
    const { path, log } = await freshLog();
    for (const text of ['one', 'two', 'three']) await log.append([row(text)]);
    const bytes = readFileSync(`${path}-wal0`);
    bytes.write('TWO', bytes.indexOf('ktwo') + 1);
    writeFileSync(`${path}-wal0`, bytes);
    await expect(WriteAheadLog.read(path, 0)).rejects.toThrow(/record 2 of its write-ahead log is missing or damaged/);
  });

  it('is refused when it does not begin where the data file ends', async () => {
    const { path, log } = await freshLog();
    await log.append([row('one')]);
    await log.append([row('two')]);
    log.switchFile();
    await log.append([row('three')]);
    rmSync(`${path}-wal0`);
    await expect(WriteAheadLog.read(path, 0)).rejects.toThrow(/record 1 of its write-ahead log is missing/);
  });

  it('is refused when a file of it is something else', async () => {
    const { path } = await freshLog();
    writeFileSync(`${path}-wal1`, 'nothing of the kind');
    await expect(WriteAheadLog.read(path, 0)).rejects.toThrow(/is something else/);
  });

  it('takes no payload for a record', async () => {
    const { path, log } = await freshLog();
    const forged = encodeRecord(Buffer.from([1, 2, 3, 4]), 2, [row('forged')]);
    await log.append([row('one')]);
    await log.append([{ key: Buffer.from('k'), row: Buffer.concat([forged, Buffer.from('tail')]) }]);
    truncateSync(`${path}-wal0`, readFileSync(`${path}-wal0`).length - 1);
    expect((await WriteAheadLog.read(path, 0)).map(({ number }) => number)).toEqual([1]);
  });
});

describe('a store that was closed', () => {
  it('has everything in its data file, and an empty log', async () => {
    const directory = freshDirectory();
    const store = new LmdbStore({ directory });
    await store.open();
    store.saveServer({ clusterId: 'c' });
    store.createChannel('orders').messages.append(1, 0n, Buffer.alloc(4));
    await store.flush();
    const sizes = () => [0, 1].map((file) => statSync(join(directory, `broker.mdb-wal${file}`)).size);
    expect(sizes()[0]).toBeGreaterThan(0);
    await store.close();
    expect(sizes()).toEqual([0, 0]);
    for (const file of [0, 1]) rmSync(join(directory, `broker.mdb-wal${file}`));
    const again = new LmdbStore({ directory });
    cleanUpAfterTest(() => again.close());
    expect((await again.open())?.channels[0]?.store.messages.lastSequence).toBe(1);
  });
});

describe('a store that was never closed', () => {
  it('holds what was flushed, whether or not it has reached the data file', { timeout: 60_000 }, async () => {
    const directory = freshDirectory();
    const store = new LmdbStore({ directory });
    cleanUpAfterTest(() => store.close());
    await store.open();
    store.saveServer({ clusterId: 'c' });
    const { messages } = store.createChannel('orders');
    const payload = Buffer.alloc(100_000, 'x');
    // More than the log takes before its rows go into the data file.
    for (let sequence = 1; sequence <= 60; sequence += 1) {
      payload.writeUInt32BE(sequence);
      messages.append(sequence, BigInt(sequence), payload);
      if (sequence === 50) messages.removeThrough(10);
      await store.flush();
      if (sequence % 20 === 0) await expectCopy(directory, sequence < 50 ? 1 : 11, sequence);
    }
    expectNumbers(messages, 11, 60);
  });
});

/** What another process finds that opens the files as they are. */
async function expectCopy(directory: string, first: number, last: number): Promise<void> {
  const copy = freshDirectory();
  cpSync(directory, copy, { recursive: true, filter: (source) => !source.includes('lock') });
  const store = new LmdbStore({ directory: copy });
  const state = await store.open();
  try {
    const log = state?.channels[0]?.store.messages;
    expect([log?.firstSequence, log?.lastSequence]).toEqual([first, last]);
    if (log !== undefined) expectNumbers(log, first, last);
  } finally {
    await store.close();
  }
}

function expectNumbers(log: { get(sequence: number): Uint8Array | undefined }, first: number, last: number): void {
  const numbers = Array.from({ length: last - first + 1 }, (_, index) => log.get(first + index));
  const read = numbers.map((bytes) => (bytes === undefined ? undefined : Buffer.from(bytes).readUInt32BE()));
  expect(read).toEqual(Array.from({ length: last - first + 1 }, (_, index) => first + index));
}

async function freshLog(): Promise<{ path: string; log: WriteAheadLog }> {
  const path = join(freshDirectory(), 'broker.mdb');
  const log = await WriteAheadLog.begin(path, 0);
  cleanUpAfterTest(() => log.close(false));
  return { path, log };
}

function freshDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'nestjs-stan-wal-'));
  cleanUpAfterTest(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
