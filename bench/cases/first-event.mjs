import { connect } from 'node-nats-streaming';

import { openArena } from '../harness/arena.mjs';
import { contestantNames, startContestant } from '../harness/contestant-process.mjs';

const downMs = 1_000;
const tickMs = 5;
const giveUpMs = 20_000;

/** From the start of the process (with a publisher's and a listener's connection) to the handler of a waiting event. */
export function startCases(arena) {
  return [
    {
      name: 'process start to first event',
      payloadBytes: null,
      contestants: contestantNames,
      metrics: [{ key: 'ms', unit: 'ms' }],
      withoutWarmUp: true,
      run: async (name) => {
        const [subject] = await arena.filled('start', { count: 1, payloadBytes: 128 });
        const startedAt = Date.now();
        const contestant = await startContestant(name, arena.server);
        try {
          const handled = firstReport(contestant);
          await contestant.call('listen', { subject, from: 'first' });
          return { ms: (await handled) - startedAt };
        } finally {
          await contestant.close();
        }
      },
    },
  ];
}

/** From the return of a server that was killed and kept its files to the first event handled after that. */
export function recoveryCases({ embedded, quick }) {
  return [
    {
      name: "server's return to first event",
      payloadBytes: null,
      contestants: contestantNames,
      metrics: [{ key: 'ms', unit: 'ms' }],
      withoutWarmUp: true,
      maxRounds: quick ? 1 : 3,
      run: async (name) => {
        const arena = await openArena({ embedded, contestants: [name], store: 'FILE' });
        try {
          return { ms: await timeToRecover(arena, arena.contestant(name)) };
        } finally {
          await arena.close();
        }
      },
    },
  ];
}

async function timeToRecover({ server }, contestant) {
  const subject = 'recovery';
  await contestant.call('listen', { subject });
  await handledWhilePublishing(server, contestant, subject);
  await server.kill();
  await new Promise((resolve) => setTimeout(resolve, downMs));
  await server.start();
  const returnedAt = Date.now();
  return (await handledWhilePublishing(server, contestant, subject)) - returnedAt;
}

async function handledWhilePublishing(server, contestant, subject) {
  const handled = firstReport(contestant);
  const stopPublishing = await keepPublishing(server, subject);
  try {
    return await handled;
  } finally {
    await stopPublishing();
  }
}

/** The clock's time at which a contestant that listens first handled an event from now on. */
function firstReport(contestant) {
  const report = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${contestant.name} handled no event in time`)), giveUpMs);
    contestant.onReport = ({ handledAt }) => {
      if (handledAt === undefined) return;
      clearTimeout(timer);
      resolve(handledAt);
    };
  });
  // What is awaited before it may fail first.
  report.catch(() => undefined);
  return report;
}

/** Publishes all the time, since an event that finds nobody connected comes again only after its ack wait. */
async function keepPublishing({ url, clusterId }, subject) {
  const client = connect(clusterId, `bench-ticker-${process.pid}`, { url, maxPubAcksInflight: 100_000 });
  await new Promise((resolve, reject) => {
    client.once('connect', resolve);
    client.once('error', reject);
  });
  client.on('error', () => undefined);
  client.on('connection_lost', () => undefined);
  const timer = setInterval(() => client.publish(subject, '{}', () => undefined), tickMs);
  return () => {
    clearInterval(timer);
    const closed = new Promise((resolve) => client.once('close', resolve));
    client.close();
    return closed;
  };
}
