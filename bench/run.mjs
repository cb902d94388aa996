/** `npm run bench`: the raw client, this package and the published transport, side by side in one run. */
import { mkdirSync, writeFileSync } from 'node:fs';

import { deliverCases } from './cases/deliver.mjs';
import { recoveryCases, startCases } from './cases/first-event.mjs';
import { messageCountCases, subscriptionCases } from './cases/flatness.mjs';
import { footprintCases } from './cases/footprint.mjs';
import { latencyCases } from './cases/latency.mjs';
import { memoryCases } from './cases/memory.mjs';
import { publishCases } from './cases/publish.mjs';
import { appStartCases, bareNest } from './cases/start.mjs';
import { isAimed, judgeAims } from './harness/aims.mjs';
import { openArena } from './harness/arena.mjs';
import { drawCharts } from './harness/charts.mjs';
import { contestantNames, yardstickNames } from './harness/contestant-process.mjs';
import { goClient } from './harness/go-contestant.mjs';
import { describeMachine, writeJson } from './harness/json-report.mjs';
import { readOptions, usage } from './harness/options.mjs';
import { installOtherTransport } from './harness/other-transport.mjs';
import { runRounds } from './harness/rounds.mjs';
import { hasStanBench } from './harness/stan-bench.mjs';
import { markdownTable, textTable } from './harness/table.mjs';
import { runJetStream } from './jetstream/run.mjs';

/** What is left of the minute goes to the build before and to the cases that are under way, or come even if it is late. */
const quickBudgetMs = 45_000;

/**
 * Groups share a server; a fresh one for each keeps what one has stored from weighing on the next. The first are those
 * that the aims are about: what a slow machine leaves no time for comes last.
 */
const groups = [
  [publishCases],
  [deliverCases],
  [latencyCases, appStartCases, startCases],
  [memoryCases],
  [subscriptionCases],
  [messageCountCases],
];

async function main(options) {
  const contestants = availableContestants();
  const yardsticks = yardstickNames.filter((name) => name !== goClient || hasStanBench);
  const startedAt = performance.now();
  const budgetMs = options.quick ? quickBudgetMs : options.minutes * 60_000;
  const run = {
    ...options,
    contestants,
    yardsticks,
    rows: [],
    leftOut: [],
    isTimeUp: () => performance.now() - startedAt > budgetMs,
  };
  const machine = describeMachine();
  const arenaGroups = options.quick ? [groups.flat()] : groups;
  // Before the longest ones, which a slow machine leaves no time for.
  const alone = () => runCases([...footprintCases(options), ...recoveryCases(options)], run);
  for (const [index, makers] of arenaGroups.entries()) {
    if (index === arenaGroups.length - 1 && index > 0) await alone();
    await runInArena(makers, run);
  }
  if (arenaGroups.length < 2) await alone();
  report(run, machine, (performance.now() - startedAt) / 1_000);
}

function availableContestants() {
  const problem = installOtherTransport();
  if (problem === undefined) return contestantNames;
  console.error(problem);
  return contestantNames.filter((name) => name !== 'other transport');
}

async function runInArena(makers, run) {
  // Which cases there are is known before there is an arena for them to run in.
  if (!makers.some((make) => make(undefined, run).some(({ name }) => run.only.test(name)))) return;
  const arena = await openArena({ embedded: run.embedded, contestants: [...run.contestants, ...run.yardsticks] });
  try {
    const cases = makers.flatMap((make) => make(arena, run));
    // A quick run has no time for all on a slow machine.
    await runCases(run.quick ? [...cases].sort((a, b) => rank(a) - rank(b)) : cases, run);
  } finally {
    await arena.close();
  }
}

/** Those that an aim is about come first. */
function rank({ name, evenIfLate = false }) {
  return isAimed(name) || evenIfLate ? 0 : 1;
}

async function runCases(cases, run) {
  const available = new Set([...run.contestants, ...run.yardsticks, bareNest]);
  for (const benchCase of cases) {
    const contestants = benchCase.contestants.filter((name) => available.has(name));
    if (!run.only.test(benchCase.name)) continue;
    if (run.isTimeUp() && benchCase.evenIfLate !== true) {
      run.leftOut.push(benchCase.name);
      continue;
    }
    console.error(`${new Date().toISOString().slice(11, 19)}  ${benchCase.name}`);
    run.rows.push(...(await runRounds({ ...benchCase, contestants }, { ...run, onFailure })));
  }
}

/** Told, and the run goes on. */
function onFailure(error) {
  console.error(`  failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

function report(run, machine, seconds) {
  const { rows, leftOut, rounds, contestants, embedded, json, markdown, charts, only } = run;
  const server = embedded ? 'the embedded broker' : 'nats-streaming-server';
  const { cpu, cores, memoryGiB, os, node, loadAverage } = machine;
  console.log(`\n${server}, ${cpu} (${cores} cores, ${memoryGiB} GiB), ${os}, Node ${node}`);
  console.log(`load before the run ${loadAverage.join(' ')}; ${seconds.toFixed(0)} s`);
  console.log('median of the rounds (least–greatest)  ×ratio to the raw client of the same round\n');
  const main = rows.filter((row) => contestants.includes(row.contestant) && contestants.includes(row.base));
  const others = rowsOfOthers(run);
  const columns = [...new Set(others.map(({ contestant }) => contestant))];
  console.log(textTable(main, contestants));
  if (others.length > 0) console.log(`\n${textTable(others, columns)}`);
  if (!hasStanBench) console.log(`\nnot run: ${goClient}, no .cache/bin/stan-bench (npm run server:install, needs Go)`);
  if (leftOut.length > 0) console.log(`\nnot measured, since the time was up: ${leftOut.join('; ')}`);
  const verdicts = judgeAims(rows, only);
  if (verdicts.length > 0) console.log(`\n${verdicts.join('\n')}`);
  if (json) writeJson(json, { rounds, machine: { ...machine, server }, cases: rows });
  const tables = [markdownTable(main, contestants), ...(others.length > 0 ? [markdownTable(others, columns)] : [])];
  if (markdown) writeFileSync(markdown, `${tables.join('\n\n')}\n`);
  if (!charts) return;
  mkdirSync(charts, { recursive: true });
  drawCharts(charts, main, contestants);
}

/** The rows of the cases in which somebody else takes part, for a table of their own: it would have too many columns. */
function rowsOfOthers({ rows, contestants }) {
  const cases = new Set(rows.filter((row) => !contestants.includes(row.contestant)).map(({ name }) => name));
  return rows.filter(({ name, contestant }) => cases.has(name) && contestant !== 'other transport');
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) console.log(usage);
  else if (options.driver === 'jetstream') await runJetStream(options);
  else await main(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
