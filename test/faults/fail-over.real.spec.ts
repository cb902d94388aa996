// STAN can die while the NATS connection lives: in a cluster, in a fault tolerance group, behind a NATS server. Clients
// are connected to the server that dies and to one that stays.
import { describe, expect, it } from 'vitest';
import { findRealServer } from '../support/real-server.js';
import { FailOverScene, places } from '../support/fail-over-scene.js';
import { findNatsServer, startTopology, topologyNames } from '../support/topologies.js';
import { eventually, quietFor } from '../support/wait.js';

const hasServers = findRealServer() !== undefined && findNatsServer() !== undefined;

describe.skipIf(!hasServers).each(topologyNames)('%s, whose leader is killed under load', (name) => {
  it('rejects nothing, loses nothing that was acknowledged, and goes on with the next leader', async () => {
    const topology = await startTopology(name);
    const scene = await FailOverScene.start(topology);
    scene.load(4);
    await eventually(() => expect(scene.acknowledgedCount).toBeGreaterThan(200));
    const leader = await topology.leader();
    await leader.kill();
    if (topology.nodes.length === 1) await quietFor(4_000).then(() => leader.start());
    await topology.leader();
    const at = performance.now();
    await Promise.all(places.map((place) => scene.published(place)));
    console.log(name, 'after the new leader', performance.now() - at);
    await quietFor(1000);
    const counts = await scene.end();
    console.log(JSON.stringify(counts));
    for (const place of places) console.log(place, scene.publishers.get(place)!.watch.types, scene.publishers.get(place)!.watch.statuses);
    for (const place of places) console.log(place, scene.members.get(place)!.watch.types);
    expect(scene.rejections).toEqual([]);
    expect(counts).toMatchObject({ acknowledged: counts.published, handledTwiceBySequence: 0 });
  });
});
