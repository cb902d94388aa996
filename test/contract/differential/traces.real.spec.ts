import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { findRealServer } from '../../support/real-server.js';
import { compareOnce, inParallel, shrink } from './compare.js';
import type { Difference } from './compare.js';
import { generateTrace } from './generate.js';
import { startEmbedded, startReal } from './servers.js';
import type { DifferentialServer } from './servers.js';
import { profiles } from './trace.js';
import type { Profile, Trace } from './trace.js';

/**
 * Random traces of operations show the same history on the embedded broker and on a real server.
 *
 * DIFFERENTIAL_SEED     first seed (a number, or `random`); a failure prints the seed of its trace
 * DIFFERENTIAL_TRACES   traces per profile, in place of the numbers below
 * DIFFERENTIAL_PROFILE  only this profile
 * DIFFERENTIAL_HICCUPS  how many of a hundred traces may part once and not again, in place of the number below: for a
 *                       machine so busy that timers of both servers come late
 */
const inCi = process.env['CI'] === 'true';
const firstSeed =
  process.env['DIFFERENTIAL_SEED'] === 'random' ? randomInt(1, 2 ** 31) : Number(process.env['DIFFERENTIAL_SEED'] ?? 1);
const onlyProfile = process.env['DIFFERENTIAL_PROFILE'];
const traceCounts: Readonly<Record<Profile, number>> = inCi
  ? { plain: 120, limits: 50, heartbeats: 30, restart: 20 }
  : { plain: 40, limits: 20, heartbeats: 10, restart: 4 };
/** A restart is the whole server's, so those traces have a pair of servers each. */
const parallel: Readonly<Record<Profile, number>> = { plain: 25, limits: 25, heartbeats: 15, restart: 4 };
/** Of a hundred traces, how many may show a difference that a second play does not show: a hiccup of this machine. */
const hiccupsPercent = Number(process.env['DIFFERENTIAL_HICCUPS'] ?? 5);

type Start = (profile: Profile) => Promise<DifferentialServer>;

if (findRealServer() === undefined && inCi) throw new Error('the real nats-streaming-server is missing in CI');

describe.skipIf(findRealServer() === undefined)('random traces (skipped without a real server)', () => {
  describe.each(profiles.filter((profile) => onlyProfile === undefined || profile === onlyProfile))(
    'profile %s',
    (profile) => {
      const count = Number(process.env['DIFFERENTIAL_TRACES'] ?? traceCounts[profile]);

      it(
        `two real servers show the same history, so the comparison itself is steady`,
        { timeout: 300_000 },
        async () => {
          await expectSameHistories(profile, Math.ceil(count / 10), startReal);
        },
      );

      it(
        `the embedded broker shows the history of the real server (seeds ${firstSeed} to ${firstSeed + count - 1})`,
        { timeout: 900_000 },
        async () => {
          await expectSameHistories(profile, count, startEmbedded);
        },
      );
    },
  );
});

async function expectSameHistories(profile: Profile, count: number, startOther: Start): Promise<void> {
  const compare = await comparison(profile, startOther);
  try {
    const traces = Array.from({ length: count }, (_, index) => generateTrace(firstSeed + index, profile));
    const found = await inParallel(traces, parallel[profile], compare.play);
    const suspects = found.filter((difference) => difference !== undefined);
    const confirmed = (await inParallel(suspects, 4, ({ trace }) => compare.play(trace))).filter(
      (one) => one !== undefined,
    );
    const smallest = confirmed[0] && (await shrink(confirmed[0], compare.play));
    expect(smallest?.report ?? '', describeAll(confirmed)).toBe('');
    expect(suspects.length, `hiccups: ${describeAll(suspects)}`).toBeLessThanOrEqual(
      Math.ceil((count * hiccupsPercent) / 100),
    );
  } finally {
    await compare.end();
  }
}

function describeAll(differences: readonly Difference[]): string {
  const profile = differences[0]?.trace.profile ?? '';
  const lines = differences.map(({ summary }) => `  ${summary}`);
  return `${differences.length} traces part; replay one with DIFFERENTIAL_PROFILE=${profile} DIFFERENTIAL_TRACES=1 DIFFERENTIAL_SEED=<seed>\n${lines.join('\n')}\n`;
}

interface Comparison {
  readonly play: (trace: Trace) => Promise<Difference | undefined>;
  readonly end: () => Promise<void>;
}

async function comparison(profile: Profile, startOther: Start): Promise<Comparison> {
  if (profile === 'restart')
    return { play: (trace) => compareOnOwnServers(trace, startOther), end: () => Promise.resolve() };
  const real = await startReal(profile);
  const other = await startOther(profile);
  return {
    play: (trace) => compareOnce(trace, real, other),
    end: async () => {
      await other.close();
      await real.close();
    },
  };
}

async function compareOnOwnServers(trace: Trace, startOther: Start): Promise<Difference | undefined> {
  const real = await startReal(trace.profile);
  const other = await startOther(trace.profile);
  try {
    return await compareOnce(trace, real, other);
  } finally {
    await other.close();
    await real.close();
  }
}
