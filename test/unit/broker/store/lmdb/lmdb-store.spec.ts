import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { describe, expect, it } from 'vitest';
import { LmdbStore } from '../../../../../lib/broker/store/lmdb/lmdb-store.js';
import { cleanUpAfterTest } from '../../../../support/cleanup.js';
import { eventually } from '../../../../support/wait.js';

const CORRUPT = { code: 'STAN_BROKER_STORE_CORRUPT' };
const startFailed = { code: 'STAN_BROKER_START_FAILED' };

describe('a data file that cannot be trusted', () => {
  it('is refused when it is not an LMDB file', async () => {
    const { directory, file } = freshDirectory();
    writeFileSync(file, 'nothing of the kind\n'.repeat(1_000));
    await expectRefusal(directory, /not an LMDB file/);
  });

  it('is refused when another program wrote it', async () => {
    const { directory, file } = freshDirectory();
    await edit(file, (database) => database.put(Buffer.from('k'), Buffer.from('v')));
    await expectRefusal(directory, /no broker wrote/);
  });

  it('is refused when a later release wrote it', async () => {
    const { directory, file } = await filled();
    await editRow(file, 'F', (text) => text.replace('"version":2', '"version":3'));
    await expectRefusal(directory, /version 3, and this release reads 2/);
  });

  it.each([0.1, 0.5, 0.9])('is refused when only %f of it is left', async (share) => {
    const { directory, file } = await filled();
    truncateSync(file, Math.floor(statSync(file).size * share));
    await expectRefusal(directory, /cut short|meta pages/);
  });

  it('is refused when a message has changed', async () => {
    const { directory, file } = await filled();
    const bytes = readFileSync(file);
    const at = bytes.indexOf('message number 7 ');
    expect(at).toBeGreaterThan(0);
    bytes.write('MESSAGE', at);
    writeFileSync(file, bytes);
    await expectRefusal(directory, /message 10 of channel orders has a wrong checksum/);
  });

  it('is refused when a message is missing from the middle', async () => {
    const { directory, file } = await filled();
    await edit(file, async (database) => {
      const keys = [...database.getKeys({ start: Buffer.from('M'), end: Buffer.from('N') })];
      await database.remove(keys[1]!);
    });
    await expectRefusal(directory, /message 11 of channel orders is missing/);
  });

  it('is refused when the newest message is missing', async () => {
    const { directory, file } = await filled();
    await edit(file, async (database) => {
      const keys = [...database.getKeys({ start: Buffer.from('M'), end: Buffer.from('N') })];
      await database.remove(keys.at(-1)!);
    });
    await expectRefusal(directory, /ends at 90 and not at 100/);
  });

  it('is refused when the deliveries that a subscription has not acked have changed', async () => {
    const { directory, file } = await filled();
    await edit(file, async (database) => {
      const [key] = [...database.getKeys({ start: Buffer.from('P'), end: Buffer.from('Q') })];
      const row = Buffer.from(database.getBinary(key!)!);
      row[20] = 255;
      await database.put(key!, row);
    });
    await expectRefusal(directory, /unacked deliveries of subscription 1 has a wrong checksum/);
  });

  it('leaves the directory free for the next attempt, and can be cleared', async () => {
    const { directory, file } = freshDirectory();
    writeFileSync(file, 'nothing of the kind\n'.repeat(1_000));
    const store = new LmdbStore({ directory });
    await expect(store.open()).rejects.toMatchObject(CORRUPT);
    await expect(store.open()).rejects.toMatchObject(CORRUPT);
    await store.clear();
    expect(await store.open()).toBeUndefined();
    await store.close();
  });
});

describe('a directory', () => {
  it('serves one store at a time', async () => {
    const { directory } = freshDirectory();
    const first = new LmdbStore({ directory });
    await first.open();
    const second = new LmdbStore({ directory });
    await expect(second.open()).rejects.toMatchObject({ ...startFailed, holderPid: process.pid, retryable: true });
    await first.close();
    expect(await second.open()).toBeUndefined();
    await second.close();
  });

  it.each([
    ['a process that is gone', { pid: 4_194_303, startedAt: '1', token: 'x' }],
    ['a process that had the id of this one', { pid: process.pid, startedAt: '1', token: 'x' }],
    ['nobody that can be told', 'garbage'],
  ])('is taken over from %s', async (_who, holder) => {
    const { directory } = freshDirectory();
    writeFileSync(join(directory, 'broker.lock'), JSON.stringify(holder));
    const store = new LmdbStore({ directory });
    expect(await store.open()).toBeUndefined();
    await expect(new LmdbStore({ directory }).open()).rejects.toMatchObject(startFailed);
    await store.close();
  });

  it('is taken over by one of many stores that find it left behind', async () => {
    const { directory } = freshDirectory();
    writeFileSync(join(directory, 'broker.lock'), JSON.stringify({ pid: 4_194_303, startedAt: '1', token: 'x' }));
    const rivals = Array.from({ length: 8 }, () => new LmdbStore({ directory }));
    const outcomes = await Promise.allSettled(rivals.map((rival) => rival.open()));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await Promise.all(rivals.map((rival) => rival.close()));
  });

  it.each([0, -1, 1])('is taken over from a lock file that names process %i', async (pid) => {
    const { directory } = freshDirectory();
    writeFileSync(join(directory, 'broker.lock'), JSON.stringify({ pid, startedAt: '', token: 'x' }));
    const store = new LmdbStore({ directory });
    expect(await store.open()).toBeUndefined();
    await store.close();
  });

  it('is locked under a long path as well', async () => {
    const { directory } = freshDirectory();
    const deep = join(directory, 'a'.repeat(120), 'b'.repeat(120));
    const first = new LmdbStore({ directory: deep });
    await first.open();
    await expect(new LmdbStore({ directory: deep }).open()).rejects.toMatchObject(startFailed);
    await first.close();
    expect(await first.open()).toBeUndefined();
    await first.close();
  });

  it.each([
    ['cannot be made', '/proc/nope'],
    ['cannot be made, nor the one above it', '/proc/nope/data'],
    ['is a device', '/dev/null'],
    ['lies below a file', '/dev/null/data'],
  ])('that %s is refused at once, and named', async (_what, path) => {
    await expect(new LmdbStore({ directory: path }).open()).rejects.toMatchObject({
      ...startFailed,
      message: expect.stringContaining(`"${path}"`) as string,
    });
  });

  it.each(['broker.mdb', 'broker.mdb-lock', 'broker.mdb-wal0', 'broker.mdb-wal1'])(
    'with a directory or a named pipe as %s is refused, and the file named',
    async (name) => {
      for (const make of [(path: string) => mkdirSync(path), (path: string) => execFileSync('mkfifo', [path])]) {
        const { directory } = freshDirectory();
        make(join(directory, name));
        await expect(new LmdbStore({ directory }).open()).rejects.toMatchObject({
          ...startFailed,
          message: expect.stringContaining(`${name}" is not a file`) as string,
        });
      }
    },
  );

  it('keeps a client whose id is longer than a key of the data file', async () => {
    const { directory } = freshDirectory();
    const store = new LmdbStore({ directory });
    await store.open();
    store.saveServer({ clusterId: 'c' });
    const clientId = 'x'.repeat(2_100);
    store.putClient({
      clientId,
      heartbeatInbox: 'hb',
      connectionId: Buffer.from('c'),
      protocol: 1,
      pingIntervalSecs: -50,
      pingMaxOut: 3,
    });
    await store.close();
    const again = await store.open();
    expect(again?.clients).toMatchObject([{ clientId, pingIntervalSecs: -50 }]);
    store.deleteClient(clientId);
    await store.close();
    expect((await store.open())?.clients).toEqual([]);
    await store.close();
  });

  it('is made where it is missing', async () => {
    const { directory } = freshDirectory();
    const store = new LmdbStore({ directory: join(directory, 'a', 'b') });
    expect(await store.open()).toBeUndefined();
    await store.close();
  });
});

describe('without the package lmdb', () => {
  it('the store says which package to install', async () => {
    const missing = Object.assign(new Error("Cannot find package 'lmdb'"), { code: 'ERR_MODULE_NOT_FOUND' });
    const { directory } = freshDirectory();
    const store = new LmdbStore({ directory, importLmdb: () => Promise.reject(missing) });
    await expect(store.open()).rejects.toMatchObject({
      ...startFailed,
      packageName: 'lmdb',
      message: expect.stringContaining('npm install lmdb') as string,
      cause: missing,
    });
  });
});

describe('deleted channels', () => {
  it('leave no row behind, however many messages they had', async () => {
    const { directory, file } = freshDirectory();
    const store = await opened(directory);
    const { messages } = store.createChannel('large');
    for (let sequence = 1; sequence <= 10_000; sequence += 1) messages.append(sequence, 0n, Buffer.from('x'));
    await store.flush();
    store.deleteChannel('large');
    await store.flush();
    await eventually(() => store.flush() === undefined, { what: 'the sweep to end' });
    await store.close();
    await edit(file, (database) => {
      const kinds = [...database.getKeys({})].map((key) => key.toString('latin1', 0, 1));
      expect([...new Set(kinds)].sort()).toEqual(['A', 'F', 'V']);
    });
  });

  it('are swept on after a restart in the middle of it', async () => {
    const { directory } = freshDirectory();
    const store = await opened(directory);
    const { messages } = store.createChannel('large');
    for (let sequence = 1; sequence <= 10_000; sequence += 1) messages.append(sequence, 0n, Buffer.from('x'));
    await store.flush();
    store.deleteChannel('large');
    await store.close();

    const again = new LmdbStore({ directory });
    expect((await again.open())?.channels).toEqual([]);
    again.createChannel('large').messages.append(1, 0n, Buffer.from('new'));
    await again.flush();
    await eventually(() => again.flush() === undefined, { what: 'the sweep to end' });
    await again.close();
    const last = new LmdbStore({ directory });
    expect((await last.open())?.channels.map(({ store: { messages: log } }) => log.count)).toEqual([1]);
    await last.close();
  });
});

describe('flushing', () => {
  it('has nothing to wait for while nothing was written', async () => {
    const { directory } = freshDirectory();
    const store = await opened(directory);
    await store.flush();
    expect(store.flush()).toBeUndefined();
    await store.close();
  });

  it('settles calls that overlap in the order of their writes', async () => {
    const { directory } = freshDirectory();
    const store = await opened(directory);
    const { messages } = store.createChannel('orders');
    const settled: number[] = [];
    const flushes = Array.from({ length: 20 }, (_, index) => {
      messages.append(index + 1, 0n, Buffer.from('x'));
      return store.flush()?.then(() => settled.push(index)) ?? Promise.reject(new Error('nothing to flush'));
    });
    await Promise.all(flushes);
    expect(settled).toEqual(Array.from({ length: 20 }, (_, index) => index));
    await store.close();
  });

  it('is refused on a store that is closed', async () => {
    const { directory } = freshDirectory();
    const store = await opened(directory);
    const { messages } = store.createChannel('orders');
    await store.close();
    expect(() => messages.get(1)).not.toThrow();
    store.putClient({
      clientId: 'a',
      heartbeatInbox: '',
      connectionId: Buffer.alloc(0),
      protocol: 1,
      pingIntervalSecs: 0,
      pingMaxOut: 0,
    });
    await expect(store.flush()).rejects.toMatchObject({ reason: 'it is not open' });
  });
});

function freshDirectory(): { directory: string; file: string } {
  const directory = mkdtempSync(join(tmpdir(), 'nestjs-stan-lmdb-'));
  cleanUpAfterTest(() => rmSync(directory, { recursive: true, force: true }));
  return { directory, file: join(directory, 'broker.mdb') };
}

async function opened(directory: string): Promise<LmdbStore> {
  const store = new LmdbStore({ directory });
  await store.open();
  store.saveServer({ clusterId: 'test-cluster' });
  return store;
}

/** A store with a hundred messages, of which a subscription has not acked the first, closed in good order. */
async function filled(): Promise<{ directory: string; file: string }> {
  const place = freshDirectory();
  const store = await opened(place.directory);
  const { messages, subscriptions } = store.createChannel('orders');
  for (let sequence = 1; sequence <= 100; sequence += 1) {
    messages.append(sequence, BigInt(sequence), Buffer.from(`message number ${sequence} `.padEnd(200, '.')));
    if (sequence % 10 === 0) await store.flush();
  }
  subscriptions.create({
    id: 1,
    clientId: 'a',
    queueGroup: '',
    inbox: 'in',
    ackInbox: 'ack',
    maxInFlight: 10,
    ackWaitSecs: 30,
    durableName: '',
    lastSent: 0,
    isDurable: false,
    isClosed: false,
  });
  subscriptions.addPending(1, 1);
  await store.close();
  return place;
}

async function expectRefusal(directory: string, finding: RegExp): Promise<void> {
  const store = new LmdbStore({ directory });
  const refusal = expect.objectContaining({ ...CORRUPT, finding: expect.stringMatching(finding) as string }) as Error;
  await expect(store.open()).rejects.toEqual(refusal);
}

type Database = ReturnType<typeof open<Buffer, Buffer>>;

/** Opens the data file past the store, as somebody else might. */
async function edit(file: string, change: (database: Database) => unknown): Promise<void> {
  const database = open<Buffer, Buffer>({ path: file, noSubdir: true, encoding: 'binary', keyEncoding: 'binary' });
  try {
    await change(database);
  } finally {
    await database.close();
  }
}

async function editRow(file: string, key: string, change: (text: string) => string): Promise<void> {
  const { crc32 } = await import('node:zlib');
  await edit(file, async (database) => {
    const row = database.getBinary(Buffer.from(key))!;
    const body = Buffer.from(change(row.toString('utf8', 4)));
    const head = Buffer.alloc(4);
    head.writeUInt32BE(crc32(body));
    await database.put(Buffer.from(key), Buffer.concat([head, body]));
  });
}
