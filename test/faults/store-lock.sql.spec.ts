// Runs with `npm run test:faults -- --store sql` alone: the lock of a FILE store is the kernel's, that of a SQL store a row.
import { expect, it } from 'vitest';
import { FailOverScene, places } from '../support/fail-over-scene.js';
import { startTopology } from '../support/topologies.js';
import { eventually } from '../support/wait.js';

it('[STAN-SQL-2] a frozen active server loses the lock of its store, and ends when it goes on; no acknowledged event is lost', async () => {
  const topology = await startTopology('ft');
  const scene = await FailOverScene.start(topology);
  scene.load(10);
  await eventually(() => expect(scene.acknowledgedCount).toBeGreaterThan(50));
  const active = await topology.leader();
  await active.freeze();
  expect(await topology.leader()).not.toBe(active);
  await Promise.all(places.map((place) => scene.published(place)));
  active.thaw();
  await eventually(() => !active.isRunning(), { what: 'the one that was frozen to end', timeoutMs: 30_000 });
  expect(active.log.join('\n')).toContain('lost store lock, aborting');
  // The other one may end as well, where it hears the first before that has ended: both are started again.
  const published = { isTrue: false };
  void Promise.all(places.map((place) => scene.published(place))).then(() => (published.isTrue = true));
  await eventually(
    async () => {
      for (const node of topology.nodes) if (!node.isRunning()) await node.start();
      return published.isTrue;
    },
    { what: 'the group to serve again', timeoutMs: 60_000, intervalMs: 200 },
  );
  const { acknowledged, handled, handledTwiceBySequence } = await scene.end();
  expect(handled).toBeGreaterThanOrEqual(acknowledged);
  expect(handledTwiceBySequence).toBe(0);
});
