import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { durableQueue } from 'nestjs-stan';
import { expect, it } from 'vitest';
import { listenerFor, upTo } from '../support/contract.js';
import { fresh } from '../support/fresh.js';
import { findRealServer, startRealServer } from '../support/real-server.js';
import { startStanApp, startStanClient } from '../support/stan-app.js';
import { eventually } from '../support/wait.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Events per round; `SOAK_ROUNDS` makes the run longer. */
const perRound = 50_000;
const rounds = Number(process.env['SOAK_ROUNDS'] ?? 6);

/** Past the 100 000 events that the redelivery guard may remember per subscription, so that it is full when the watch begins. */
const warmUpRounds = 3;

function heapBytes(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

it.skipIf(!findRealServer())(
  'H59 keeps its memory and its handles as they are over hundreds of thousands of events',
  async () => {
    const server = await startRealServer({ store: 'memory' });
    const subject = fresh('orders');
    let handledCount = 0;
    const failed = new Set<number>();
    await startStanApp({
      broker: server,
      controllers: [
        listenerFor(subject, { ...durableQueue(fresh('orders')), ackWaitMs: 1_000, maxInFlight: 512 }, (id: number) => {
          // One in a thousand takes the way of the failures, which has memories of its own.
          if (id % 1_000 === 0 && !failed.delete(id)) {
            failed.add(id);
            throw new Error('on purpose');
          }
          handledCount += 1;
        }),
      ],
    });
    const client = await startStanClient(server);
    let next = 0;
    const round = async (): Promise<number> => {
      const until = next + perRound;
      const lane = async () => {
        while (next < until) await client.emitAsync(subject, (next += 1));
      };
      await Promise.all(upTo(500).map(lane));
      await eventually(() => handledCount >= next, { what: 'all of a round', timeoutMs: 120_000 });
      return heapBytes();
    };
    await inTurn(warmUpRounds, round);
    const handles = process.getActiveResourcesInfo().length;
    const heaps = await inTurn(rounds, round);
    process.stdout.write(`heap after each ${perRound} events: ${heaps.map(megabytes).join(', ')} MB\n`);

    const grownBytes = (heaps.at(-1) ?? 0) - (heaps[0] ?? 0);
    // One map entry that stays for each further event would be 40 bytes each; what the runner itself keeps is far less.
    expect(grownBytes).toBeLessThan(perRound * (rounds - 1) * 20);
    await eventually(() => expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(handles + 2));
  },
);

async function inTurn<T>(count: number, task: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  while (results.length < count) results.push(await task());
  return results;
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
