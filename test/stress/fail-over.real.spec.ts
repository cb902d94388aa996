// What a fail-over costs, measured: `npx vitest run --project stress test/stress/fail-over.real.spec.ts`. Each topology has
// its leader killed five times under load; the figures stand in docs/production.md.
import { expect, it } from 'vitest';
import { FailOverScene, places } from '../support/fail-over-scene.js';
import { startTopology, topologyNames } from '../support/topologies.js';
import { eventually, quietFor } from '../support/wait.js';

const kills = Number(process.env['FAIL_OVER_KILLS'] ?? 5);

it.each(topologyNames)('%s: rejects nothing and loses nothing over several kills of its leader', async (name) => {
  const topology = await startTopology(name);
  const scene = await FailOverScene.start(topology, { pingIntervalMs: 5_000, connectTimeoutMs: 2_000 });
  const pausesAfterLeaderMs: number[] = [];
  scene.load(4);
  for (let kill = 0; kill < kills; kill += 1) {
    const before = scene.acknowledgedCount;
    await eventually(() => expect(scene.acknowledgedCount).toBeGreaterThan(before + 500), { timeoutMs: 30_000 });
    const leader = await topology.leader();
    await leader.kill();
    if (topology.nodes.length === 1) {
      await quietFor(4_000);
      await leader.start();
    }
    await topology.leader();
    const ledSince = performance.now();
    await Promise.all(places.map((place) => scene.published(place)));
    pausesAfterLeaderMs.push(Math.round(performance.now() - ledSince));
    if (!leader.isRunning()) await leader.start();
    await quietFor(3_000);
  }
  const counts = await scene.end();
  process.stdout.write(`${name}: ${JSON.stringify({ ...counts, pausesAfterLeaderMs })}\n`);
  expect(scene.rejections).toEqual([]);
  expect(counts).toMatchObject({ acknowledged: counts.published, handledTwiceBySequence: 0 });
});
