import type { Demo, Outcome, Way } from '../demo.js';
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
  title: 'the server believes a killed client is alive',
  listeners: {
    naive: {
      text: [
        `A single listener; its process is killed with kill -9 and started again after ${restartMs / 1_000} s. The dead one did not`,
        'close, so the server keeps sending it events until enough heartbeats have failed. The new one has a new',
        'client id and no durable name, and gets none of the events sent to the dead one. Tuned heartbeats detect',
        'the death sooner; they do not bring the events back.',
      ],
      runs: given
        ? [() => alone('alone')]
        : [() => alone('alone', defaultHeartbeats), () => alone('alone, tuned', tunedHeartbeats)],
    },
    'by hand': {
      text: [
        'Two members of a durable queue group, with manual acks: events sent to the dead one go to the other when their',
        'ack wait of 30 s is over; with tuned heartbeats the dead one is removed from the group before that.',
      ],
      runs: [() => group('by hand', 'group', given ? undefined : tunedHeartbeats)],
    },
    'with the library': {
      text: [
        `The same with durableQueue('orders'). And a listener that comes back after ${restartMs / 1_000} s under its own client id`,
        'replaces its dead session and gets the pending events.',
      ],
      runs: [
        () => group('with the library', 'group', given ? undefined : tunedHeartbeats),
        () => group('with the library', 'comes back', given ? undefined : defaultHeartbeats, restartMs),
      ],
    },
  },
};

async function alone(title: string, heartbeats?: Heartbeats): Promise<Outcome> {
  const run = await DeadClientRun.start(heartbeats);
  try {
    const victim = await run.listen('naive');
    await run.publish(batch);
    await run.passUntil(() => run.waitingCount === 0);
    await run.kill(victim);
    await run.publish(batch);
    await run.pass(restartMs);
    await run.listen('naive');
    await run.publish(batch);
    await run.passUntil(() => run.waitingCount <= batch);
    await run.passUntilDeathIsNoticed();
    return { title, tally: run.tally(), facts: { ...factsOf(heartbeats), ...run.facts() } };
  } finally {
    await run.close();
  }
}

async function group(way: Way, title: string, heartbeats?: Heartbeats, comesBackAfterMs?: number): Promise<Outcome> {
  const run = await DeadClientRun.start(heartbeats);
  try {
    const [victim] = await Promise.all([run.listen(way, 'orders-0'), run.listen(way, 'orders-1')]);
    await run.publish(batch);
    await run.passUntil(() => run.waitingCount === 0);
    await run.kill(victim);
    await run.publish(2 * batch);
    if (comesBackAfterMs !== undefined) {
      await run.pass(comesBackAfterMs);
      await run.listen(way, 'orders-0');
    }
    await run.passUntil(() => run.waitingCount === 0);
    await run.passUntilDeathIsNoticed();
    return { title, tally: run.tally(), facts: { ...factsOf(heartbeats), ...run.facts() } };
  } finally {
    await run.close();
  }
}

/** As the server's flags say it: `-hbi`, `-hbt`, `-hbf`. */
function factsOf(heartbeats: Heartbeats | undefined): Record<string, string> {
  if (!heartbeats) return {};
  const { intervalMs, timeoutMs, failCount } = heartbeats;
  return { '-hbi -hbt -hbf': `${intervalMs / 1_000}s ${timeoutMs / 1_000}s ${failCount}` };
}
