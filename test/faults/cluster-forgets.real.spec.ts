import type { Message } from 'node-nats-streaming';
import { describe, expect, it } from 'vitest';
import { fresh } from '../support/fresh.js';
import { brokerFacts } from '../support/monitoring.js';
import { connectRawClient } from '../support/raw-client.js';
import { findRealServer } from '../support/real-server.js';
import { startTopology } from '../support/topologies.js';
import { eventually, quietFor } from '../support/wait.js';

const hasServer = findRealServer() !== undefined;

describe.skipIf(!hasServer)('a real cluster, and a client that is not ours', () => {
  it('dbg', async () => {
    const topology = await startTopology('cluster', { args: ['-SD', '-SV', '-cluster_raft_logging'] });
    const leader = await topology.leader();
    const others = topology.nodes.filter((node) => node !== leader);
    const subject = fresh('orders');
    const raw = await connectRawClient({ url: leader.url, clusterId: topology.clusterId } as never);
    const seen: string[] = [];
    const held = new Map<number, Message | undefined>([[1, undefined], [2, undefined], [3, undefined]]);
    const options = raw.stan.subscriptionOptions().setDurableName('d').setDeliverAllAvailable().setManualAckMode(true).setAckWait(3000).setMaxInFlight(2);
    const sub = raw.stan.subscribe(subject, options);
    sub.on('message', (message: Message) => {
      const n = message.getSequence();
      seen.push(`${n}${message.isRedelivered() ? 'r' : ''}`);
      if (held.has(n)) held.set(n, message); else message.ack();
    });
    await new Promise((r) => sub.on('ready', r));
    for (let i = 1; i < 4; i++) await raw.publish(subject, `n${i}`);
    await quietFor(2000);
    for (const node of others) await node.freeze();
    await quietFor(800);
    held.get(1)!.ack();
    await quietFor(6_000);
    for (const node of others) node.thaw();
    await quietFor(500);
    const again = (await topology.leader()) === leader;
    console.log('again', again, seen.join(' '));
    held.get(2)!.ack(); held.delete(2);
    for (let i = 4; i < 20; i++) await raw.publish(subject, `n${i}`);
    await quietFor(2500);
    for (const n of topology.nodes) console.log(n === leader, JSON.stringify((await brokerFacts(() => n.monitoringUrl).channel(subject))?.subscriptions));
    console.log(seen.join(' '));
    await leader.freeze();
    const next = await topology.leader();
    leader.thaw();
    held.clear();
    await quietFor(8000);
    console.log(seen.join(' '));
    console.log(JSON.stringify((await brokerFacts(() => next.monitoringUrl).channel(subject))?.subscriptions));
    for (const n of topology.nodes) console.log(n.log.filter((l) => /leader|seq=3\b|subid|candidate|lease/.test(l) && !/seq=([12]|[4-9]|1\d)\b/.test(l)).join('\n'));
  }, 60000);
});
