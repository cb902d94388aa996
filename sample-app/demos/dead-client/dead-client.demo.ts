import type { Demo, Variant } from '../demo.js';
import { defaultHeartbeats, runsOnGivenServer, tunedHeartbeats } from '../demo-server.js';
import type { Heartbeats } from '../demo-server.js';
import { DeadClientRun } from './dead-client-run.js';

/** What comes before the kill, while the listener is dead, and after its restart. */
const batch = 10;
/** How long a restart takes. */
const restartMs = 5_000;

const given = runsOnGivenServer();

/** Issue 1: the server might think that a client is still alive when it is dead. */
export const deadClient: Demo = {
  name: 'dead-client',
  title: 'the server believes a killed client alive',
  harm: [
    `A listener alone, its process killed with kill -9 and started again after ${restartMs / 1_000} s. A dead process says no`,
    'goodbye: until heartbeats have failed often enough (-hbi 30s -hbt 10s -hbf 10 by default) the server sends',
    'it events. The restarted one has a new client id and no durable name: it gets none of them. Heartbeats',
    'tuned to -hbi 5s -hbt 5s -hbf 2 shorten the error, they do not bring the events back.',
  ],
  naive: given
    ? [() => alone("the server's own")]
    : [() => alone('default', defaultHeartbeats), () => alone('tuned', tunedHeartbeats)],
  cure: [
    'Two members of a durable queue group: what the dead one got goes to the other when its ack wait is over. With',
    'tuned heartbeats the dead one is soon no member any more. And one that comes back under its own client id',
    'takes its dead self out at once.',
  ],
  guarded: [
    ...(given
      ? [() => group('group', "the server's own")]
      : [() => group('group', 'default', defaultHeartbeats), () => group('group', 'tuned', tunedHeartbeats)]),
    () => group('comes back', given ? "the server's own" : 'default', defaultHeartbeats, restartMs),
  ],
};

async function alone(heartbeats: string, flags?: Heartbeats): Promise<Variant> {
  const run = await DeadClientRun.start(flags);
  try {
    const victim = await run.listen('naive');
    await run.publish(batch);
    await run.passUntil(() => run.waitingCount === 0);
    const killedAtMs = await run.kill(victim);
    await run.publish(batch);
    await run.pass(restartMs);
    await run.listen('naive');
    await run.publish(batch);
    await run.passUntil(() => run.waitingCount <= batch);
    await run.passUntilDeathIsNoticed(victim);
    return {
      title: 'alone',
      guarded: false,
      tally: run.tally(),
      facts: { heartbeats, ...run.facts(victim, killedAtMs) },
    };
  } finally {
    await run.close();
  }
}

async function group(
  title: string,
  heartbeats: string,
  flags?: Heartbeats,
  comesBackAfterMs?: number,
): Promise<Variant> {
  const run = await DeadClientRun.start(flags);
  try {
    const victim = await run.listen('guarded', 'orders-0');
    await run.listen('guarded', 'orders-1');
    await run.publish(batch);
    await run.passUntil(() => run.waitingCount === 0);
    const killedAtMs = await run.kill(victim);
    await run.publish(2 * batch);
    if (comesBackAfterMs !== undefined) {
      await run.pass(comesBackAfterMs);
      await run.listen('guarded', 'orders-0');
    }
    await run.passUntil(() => run.waitingCount === 0);
    await run.passUntilDeathIsNoticed(victim);
    return { title, guarded: true, tally: run.tally(), facts: { heartbeats, ...run.facts(victim, killedAtMs) } };
  } finally {
    await run.close();
  }
}
