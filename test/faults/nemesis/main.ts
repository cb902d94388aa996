// The nemesis: a publisher and two consumers in processes of their own, a real server, and a seeded sequence of faults;
// then a checker that reads what all of them wrote down. `npm run test:nemesis -- --minutes 10 --seed 42`; with
// `--topology cluster|ft|behind-nats` several servers instead of one; with `--broker jetstream` nats-server instead of STAN,
// where a cluster keeps the stream three times.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { TopologyName } from '../../support/topologies.js';
import { topologyNames } from '../../support/topologies.js';
import { quietFor, withDeadline } from '../../support/wait.js';
import { checkHistory } from './checker.js';
import { excuseServers } from './excuses.js';
import type { Fault } from './faults.js';
import { nextFaults } from './faults.js';
import type { HistoryRecord } from './history.js';
import { readHistory } from './history.js';
import { between, seededRandom } from './random.js';
import { brokerNames } from './scene.js';
import { longestPauses } from './pauses.js';
import { describeCounts, describeOutcome } from './report.js';
import { checkAcks, countAcks } from './sent-acks.js';
import { readLeaderChanges, ServerRecord } from './server-record.js';
import { World } from './world.js';

const say = (line: string) => void process.stdout.write(`${line}\n`);

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    seed: { type: 'string' },
    topology: { type: 'string', default: 'single' },
    broker: { type: 'string', default: 'stan' },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
const topology = (['single', ...topologyNames] as const).find((name) => name === values.topology);
if (topology === undefined) throw new Error(`usage: --topology single|${topologyNames.join('|')}`);
const broker = brokerNames.find((name) => name === values.broker);
if (broker === undefined) throw new Error(`usage: --broker ${brokerNames.join('|')}`);
if (broker === 'jetstream' && topology !== 'single' && topology !== 'cluster')
  throw new Error('usage: --broker jetstream --topology single|cluster');
if (!(minutes > 0) || !Number.isInteger(seed))
  throw new Error('usage: --minutes <number above 0> --seed <whole number>');

const folder = mkdtempSync(join(tmpdir(), 'nestjs-stan-nemesis-'));
say(`nemesis: ${broker}, ${topology}, ${String(minutes)} minutes, seed ${String(seed)}`);

const startedAt = Date.now();
const sinceStart = () => `${((Date.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s`;
const stalls: string[] = [];
const historyFile = join(folder, 'history.jsonl');
const serverRecordFile = join(folder, 'servers.log');
const world = await World.create({ historyFile, serverRecordFile, seed, topology, broker });
process.once('exit', () => world.killNow());
try {
  await world.start();
  await torment(topology);
  say(`${sinceStart()}  faults are over; waiting until everything is handled`);
  await world.end();
} catch (error) {
  stalls.push(error instanceof Error ? error.message : String(error));
} finally {
  await world.dispose();
}

const changes = await readLeaderChanges(serverRecordFile);
// By the servers' own logs, and with the same reach as the faults of the run.
const leaderless: HistoryRecord[] = changes.map((change) => ({
  ...change,
  ...{ type: 'fault', kind: 'change of the leader', targets: ['server'] },
}));
const history = [...(await readHistory(historyFile)), ...leaderless];
const found = checkHistory(history, stalls, { storesOnce: broker === 'jetstream' });
const { counts } = found;
// Only the acks of STAN are watched.
const acks = broker === 'stan' ? [checkAcks(history)] : [];
const { checks, excuses } = await excuseServers([...found.checks, ...acks], history, (sequences) =>
  ServerRecord.read(serverRecordFile, sequences),
);
for (const { name, violations } of checks) {
  say(`${violations.length === 0 ? 'ok    ' : 'FAILED'} ${name}`);
  sayFirst(violations);
}
for (const line of describeCounts(counts)) say(line);
say(`acks that left the consumers: ${String(countAcks(history))}`);
if (topology === 'cluster' && broker === 'stan') {
  const [lost, disordered] = [excuses.filter(({ isLoss }) => isLoss), excuses.filter(({ isLoss }) => !isLoss)];
  say(`${String(changes.length)} leaders; violations that the servers' own record explains:`);
  say(`       ${String(lost.length)} events that a subscription was never sent again`);
  sayFirst(lost.map(({ violation, proof }) => `${violation}: ${proof}`));
  say(`       ${String(disordered.length)} first deliveries that a later leader sent again`);
  sayFirst(disordered.map(({ violation, proof }) => `${violation}: ${proof}`));
}
if (world.unfinishedStops > 0) say(`${String(world.unfinishedStops)} nodes did not end when asked to, and were killed`);
const run = `${broker}, ${topology}, ${String(minutes)} min, seed ${String(seed)}`;
for (const line of describeOutcome({ run, counts, pauses: longestPauses(history), excuses })) say(line);
const failed = checks.filter(({ violations }) => violations.length > 0).length;
if (failed === 0) rmSync(folder, { recursive: true, force: true });
else {
  for (const line of world.describeOutput()) say(line);
  say(
    `history: ${historyFile}; the same faults again: --broker ${broker} --topology ${topology} --minutes ${String(minutes)} --seed ${String(seed)}`,
  );
}
say(`${String(checks.length - failed)} passed, ${String(failed)} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function sayFirst(lines: readonly string[]): void {
  for (const line of lines.slice(0, 10)) say(`         ${line}`);
  if (lines.length > 10) say(`         and ${String(lines.length - 10)} more`);
}

async function torment(name: TopologyName): Promise<void> {
  const random = seededRandom(seed);
  while (Date.now() - startedAt < minutes * 60_000) {
    // Long rests too: what comes twice in one has no fault to be blamed on.
    await quietFor(random() < 0.15 ? 12_000 : between(random, 300, 3_000));
    const faults = nextFaults(random, name);
    say(`${sinceStart()}  ${faults.map(({ kind, targets }) => `${kind} ${targets.join()}`).join(' + ')}`);
    await Promise.all(faults.map(strike));
  }
}

async function strike(fault: Fault): Promise<void> {
  const at = Date.now();
  try {
    await withDeadline(fault.strike(world), { what: `the end of the fault "${fault.kind}"`, timeoutMs: 180_000 });
  } finally {
    world.record({ type: 'fault', kind: fault.kind, targets: fault.targets, until: Date.now() }, at);
  }
}
