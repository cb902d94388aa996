import { contestantNames } from '../harness/contestant-process.mjs';

const count = 100_000;
const payloadBytes = 128;
const subscriptions = 1_000;

/** What 100 000 events hold while their acks are awaited, and what is kept of 100 000 that were handled; and what a subscription holds. */
export function memoryCases(arena, { quick }) {
  return [
    {
      name: `memory, ${count} pending publishes`,
      payloadBytes,
      contestants: contestantNames,
      metrics: [{ key: 'bytesPerPublish', unit: 'B/msg' }],
      maxRounds: quick ? 1 : 3,
      evenIfLate: true,
      withoutWarmUp: quick,
      run: (contestant, warmUp) =>
        arena.contestant(contestant).call('pendingMemory', {
          subject: arena.freshSubject('pending'),
          count: warmUp ? count / 10 : count,
          payloadBytes,
        }),
    },
    {
      name: `memory, ${count} in the redelivery guard`,
      payloadBytes,
      contestants: ['nestjs-stan'],
      metrics: [{ key: 'bytesPerMessage', unit: 'B/msg' }],
      maxRounds: quick ? 1 : 3,
      evenIfLate: true,
      withoutWarmUp: true,
      run: async (contestant) => {
        const [subject] = await arena.filled('guard', { count, payloadBytes });
        return arena.contestant(contestant).call('guardMemory', { subject, count });
      },
    },
    {
      name: `memory, ${subscriptions} subscriptions`,
      payloadBytes: null,
      contestants: ['raw', 'nestjs-stan'],
      metrics: [{ key: 'bytesPerSubscription', unit: 'B/sub' }],
      maxRounds: quick ? 1 : 3,
      // The first of a process brings the code with it.
      run: (contestant, warmUp) => {
        const subjects = Array.from({ length: warmUp ? 10 : subscriptions }, () => arena.freshSubject('held'));
        return arena.contestant(contestant).call('subscriptionMemory', { subjects });
      },
    },
  ];
}
