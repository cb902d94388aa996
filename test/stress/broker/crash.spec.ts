import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Random } from '../../contract/differential/random.js';
import { StanClient } from '../../contract/differential/stan-client.js';
import type { StanDelivery, StanSubscription } from '../../contract/differential/stan-client.js';
import { cleanUpAfterTest } from '../../support/cleanup.js';
import { freePort } from '../../support/free-port.js';
import { eventually, quietFor } from '../../support/wait.js';
import { CrashLedger, DurableLedger } from './crash-ledger.js';
import { CrashServer } from './crash-server.js';

/**
 * CRASH_KILLS  how often the server is killed (`npm run test:crash` says 100)
 * CRASH_SEED   of the moments of the kills; printed
 */
const kills = Number(process.env['CRASH_KILLS'] ?? 5);
const seed = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000);
const CHANNEL = 'orders';
const inFlight = 20;

it(
  `loses nothing that it acknowledged in ${kills} kills under load (seed ${seed})`,
  { timeout: 1_200_000 },
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'nestjs-stan-crash-'));
    const server = new CrashServer(await freePort(), directory);
    cleanUpAfterTest(async () => {
      await server.kill();
      rmSync(directory, { recursive: true, force: true });
    });
    const random = new Random(seed);
    const channel = new CrashLedger(CHANNEL);
    const durables = [new DurableLedger('durable'), new DurableLedger('queue')];

    const losses = () => [...channel.findLosses(), ...durables.flatMap(({ violations }) => violations)];

    for (let round = 0; round < kills; round += 1) {
      await server.start();
      const life = new Life(server.port, channel, durables, `round ${round}`);
      await life.begin();
      await readEverything(server.port, channel);
      expect(losses(), `after kill ${round} of seed ${seed}`).toEqual([]);
      const load = life.publishUntilDead();
      await quietFor(random.integer(0, 400)); // the load runs on: this only picks the moment of the kill
      await server.kill();
      await load;
      await life.end();
    }

    await server.start();
    const last = new Life(server.port, channel, durables, 'last');
    await last.begin();
    await readEverything(server.port, channel);
    await eventually(() => durables.every((durable) => durable.missing(channel.lastSeen).length === 0), {
      what: `every durable to have all of ${channel.lastSeen} messages`,
      timeoutMs: 30_000,
    });
    await last.end();
    expect(channel.findLosses()).toEqual([]);
    // A run in which nothing was stored, or no ack was proven, would prove nothing.
    expect(channel.acknowledged.size).toBeGreaterThan(kills);
    expect(durables.every(({ provenCount }) => provenCount > kills)).toBe(true);
    process.stdout.write(
      `${kills} kills, ${channel.storedCount} messages stored, ${channel.acknowledged.size} acknowledged\n`,
    );
  },
);

/** The clients of one life of the server. */
class Life {
  private readonly clients: StanClient[] = [];
  private publisher: StanClient | undefined;
  private isOver = false;
  private nextPayload = 1;

  constructor(
    private readonly port: number,
    private readonly channel: CrashLedger,
    private readonly durables: readonly DurableLedger[],
    private readonly name: string,
  ) {}

  async begin(): Promise<void> {
    const [durable, queue] = this.durables;
    if (!durable || !queue) throw new Error('two ledgers are needed');
    await this.subscribe('durable-client', durable, {});
    await this.subscribe('queue-client-1', queue, { queueGroup: 'group' });
    await this.subscribe('queue-client-2', queue, { queueGroup: 'group' });
    this.publisher = await this.connect('publisher');
  }

  async end(): Promise<void> {
    this.isOver = true;
    for (const client of this.clients) await client.cut();
    for (const ledger of this.durables) ledger.forgetUnproven();
  }

  /** Publishes without a pause until the server is gone. */
  async publishUntilDead(): Promise<void> {
    const client = this.publisher;
    const worker = async () => {
      while (client?.isAttached === true) {
        const payload = `${this.name}, ${this.nextPayload++}`;
        const unproven = await this.ackedSoFar();
        const answer = await client.publish(CHANNEL, Buffer.from(payload), 500).catch(() => 'the connection is gone');
        if (answer !== '') continue;
        this.channel.acknowledged.add(payload);
        this.durables.forEach((ledger, index) => ledger.prove(unproven[index] ?? []));
      }
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
  }

  /** Acks that the server has read; what it acknowledges after this stands on a flush that has them too. */
  private async ackedSoFar(): Promise<(readonly number[])[]> {
    const unproven = this.durables.map((ledger) => ledger.unproven());
    try {
      for (const client of this.clients) await client.flush();
      return unproven;
    } catch {
      return [];
    }
  }

  private async subscribe(clientId: string, ledger: DurableLedger, group: { queueGroup?: string }): Promise<void> {
    const client = await this.connect(clientId);
    const early: StanDelivery[] = [];
    const own: { subscription?: StanSubscription } = {};
    const take = (delivery: StanDelivery) => {
      if (this.isOver) return;
      if (own.subscription === undefined) {
        early.push(delivery);
        return;
      }
      this.channel.read(delivery.sequence, delivery.data.toString('utf8'));
      ledger.deliver(delivery.sequence, delivery.redeliveryCount);
      client.ack(own.subscription, delivery.sequence);
      ledger.ack(delivery.sequence);
    };
    const request = {
      channel: CHANNEL,
      durableName: 'd',
      ackWaitSecs: 5,
      maxInFlight: 50,
      start: 'first',
      ...group,
    } as const;
    const answer = await client.subscribe(request, take);
    if (!answer.subscription) throw new Error(`${clientId} could not subscribe: ${answer.error}`);
    own.subscription = answer.subscription;
    early.forEach(take);
  }

  private async connect(clientId: string): Promise<StanClient> {
    const client = await connected(this.port, clientId);
    this.clients.push(client);
    return client;
  }
}

async function connected(port: number, clientId: string): Promise<StanClient> {
  const client = new StanClient('crash', clientId, () => port);
  await client.attach();
  const error = await client.connect();
  if (error !== '') throw new Error(`${clientId} could not connect: ${error}`);
  return client;
}

/** Reads the channel from its first message to its last, as a client that has never been there. */
async function readEverything(port: number, ledger: CrashLedger): Promise<void> {
  const client = await connected(port, 'auditor');
  // Whatever was published before it is stored before it.
  const marker = `marker ${performance.now()}`;
  const error = await client.publish(CHANNEL, Buffer.from(marker));
  if (error !== '') throw new Error(`the marker was refused: ${error}`);
  let hasMarker = false;
  const take = ({ sequence, data }: StanDelivery) => {
    const payload = data.toString('utf8');
    ledger.read(sequence, payload);
    hasMarker ||= payload === marker;
  };
  await client.subscribe({ channel: CHANNEL, ackWaitSecs: 600, maxInFlight: 1_000_000, start: 'first' }, take);
  await eventually(() => hasMarker, { what: 'the newest message', timeoutMs: 30_000 });
  await client.closeSession();
  await client.cut();
}
