import { contestantNames } from '../harness/contestant-process.mjs';
import { cpu, perSecond } from './sizes.mjs';

const payloadBytes = 128;

/** The same number of events over 1, 10, 100 and 1 000 subscriptions. */
export function subscriptionCases(arena, { quick }) {
  // Enough that the subscribe requests, which are part of the time, weigh little beside the events.
  const count = quick ? 4_000 : 50_000;
  // The two that are compared come first, since the time may be up before the last.
  const channelCounts = quick ? [1, 10, 100] : [1, 1_000, 10, 100];
  return channelCounts.map((channels) => ({
    name: `deliver over ${channels} subscription${channels === 1 ? '' : 's'}`,
    payloadBytes,
    contestants: contestantNames,
    metrics: [perSecond, cpu],
    run: async (contestant) => {
      const subjects = await arena.filled(`over ${channels}`, { count, payloadBytes, channels });
      return arena.contestant(contestant).call('deliver', { subjects, count, ackMode: 'afterHandler' });
    },
  }));
}

/** Ever more events: a cost per message that grows with them would show. */
export function messageCountCases(arena, { quick }) {
  const counts = quick ? [1_000, 10_000, 50_000] : [1_000, 10_000, 100_000, 1_000_000];
  return counts.flatMap((count) => [publishing(arena, count), delivering(arena, count)]);
}

function publishing(arena, count) {
  return {
    name: `publish ${count} messages`,
    payloadBytes,
    contestants: ['raw', 'nestjs-stan'],
    metrics: [cpu],
    ...effortFor(count),
    run: (contestant) =>
      repeated(count, () =>
        arena
          .contestant(contestant)
          .call('publish', { subject: arena.freshSubject('count'), count, window: 1_024, payloadBytes }),
      ),
  };
}

function delivering(arena, count) {
  return {
    name: `deliver ${count} messages`,
    payloadBytes,
    contestants: ['raw', 'nestjs-stan'],
    metrics: [cpu],
    ...effortFor(count),
    run: async (contestant) => {
      const subjects = await arena.filled(`count ${count}`, { count, payloadBytes });
      return repeated(count, () =>
        arena.contestant(contestant).call('deliver', { subjects, count, ackMode: 'afterHandler' }),
      );
    },
  };
}

/** The big ones warm themselves up, and few rounds of them are enough. */
function effortFor(count) {
  if (count < 50_000) return {};
  return { maxRounds: count < 1_000_000 ? 2 : 1, withoutWarmUp: true };
}

/** A small count is measured several times over: one run of it is shorter than a pause of the collector. */
async function repeated(count, run) {
  const times = Math.max(1, Math.round(4_000 / count));
  let total = 0;
  for (let time = 0; time < times; time += 1) total += (await run()).cpuMicrosPerMessage;
  return { cpuMicrosPerMessage: total / times };
}
