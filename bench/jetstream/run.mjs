/** `npm run bench -- --driver jetstream`: the JetStream driver beside the library, the bare protocol and the STAN driver. */
import { writeFileSync } from 'node:fs';

import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';

import { jetStreamContestantNames, startContestant } from '../harness/contestant-process.mjs';
import { describeMachine, writeJson } from '../harness/json-report.mjs';
import { installOtherTransport } from '../harness/other-transport.mjs';
import { runRounds } from '../harness/rounds.mjs';
import { startServer } from '../harness/server.mjs';
import { markdownTable, textTable } from '../harness/table.mjs';
import { startNatsServer, whyNoNatsServer } from './server.mjs';

const payloadBytes = 128;
const maxInFlight = 1_024;
const perSecond = { key: 'perSecond', unit: 'msg/s' };
const cpu = { key: 'cpuMicrosPerMessage', name: 'cpu', unit: 'µs/msg' };
const stan = 'STAN driver on STAN';

const aims = [
  { text: 'publishing at least 5 times js.publish()', of: 'publish', over: '@nats-io/jetstream', atLeast: 5 },
  { text: 'publishing level with the STAN driver (0.9)', of: 'publish', over: stan, atLeast: 0.9 },
  { text: 'consume and ack at least 0.6 of the raw pull protocol', of: 'consume', over: 'raw pull', atLeast: 0.6 },
];

/** @param {import('../harness/options.mjs').BenchOptions} options */
export async function runJetStream(options) {
  const skipped = whyNoNatsServer();
  if (skipped !== undefined) {
    for (const { name } of casesOf(undefined, options)) console.log(`skipped  ${name}: ${skipped}`);
    return;
  }
  const startedAt = performance.now();
  const machine = describeMachine();
  const arena = await openArena();
  const rows = [];
  try {
    for (const benchCase of casesOf(arena, options)) {
      if (!options.only.test(benchCase.name)) continue;
      console.error(`${new Date().toISOString().slice(11, 19)}  ${benchCase.name}`);
      const isTimeUp = () => performance.now() - startedAt > options.minutes * 60_000;
      rows.push(...(await runRounds(benchCase, { rounds: options.rounds, isTimeUp, onFailure })));
    }
  } finally {
    await arena.close();
  }
  report(rows, arena.contestants, options, machine);
}

function casesOf(arena, { quick }) {
  const contestants = arena?.contestants ?? jetStreamContestantNames;
  const count = quick ? 20_000 : 100_000;
  const common = { payloadBytes, metrics: [perSecond, cpu] };
  return [
    {
      ...common,
      name: `publish ${payloadBytes} B, window ${maxInFlight}`,
      contestants,
      base: '@nats-io/jetstream',
      run: async (name, warmUp) => {
        const subject = arena.freshSubject('publish');
        if (name !== stan) await arena.makeStream(subject);
        const args = { subject, count: warmUp ? count / 2 : count, window: maxInFlight, payloadBytes };
        return arena.contestant(name).call('publish', args);
      },
    },
    {
      ...common,
      name: `consume and ack ${payloadBytes} B, ${maxInFlight} in flight`,
      contestants,
      base: 'raw pull',
      run: async (name) => {
        const place = await (name === stan ? arena.filledChannel(count) : arena.filledStream(count));
        const consumer = await arena.makeConsumer(place);
        const args = { ...place, ...consumer, subjects: [place.subject], count, maxInFlight, ackMode: 'afterHandler' };
        return arena.contestant(name).call('deliver', args);
      },
    },
  ];
}

/** Both servers with their memory stores, and every contestant connected to its own. */
async function openArena() {
  const problem = installOtherTransport('other-jetstream-transport');
  if (problem !== undefined) console.error(problem);
  const contestants = jetStreamContestantNames.filter((name) => problem === undefined || !name.startsWith('other'));
  const [nats, streaming] = await Promise.all([startNatsServer(), startServer({ embedded: false })]);
  const connection = await connect({ servers: nats.url });
  const manager = await jetstreamManager(connection);
  const running = await Promise.all(contestants.map((name) => startContestant(name, name === stan ? streaming : nats)));
  const byName = new Map(running.map((contestant) => [contestant.name, contestant]));
  let names = 0;
  const freshSubject = (prefix) => `${prefix}-${(names += 1)}`;
  const makeStream = async (subject) => {
    await manager.streams.add({ name: subject, subjects: [subject], storage: 'memory', max_msgs: 200_000 });
    return { stream: subject, subject };
  };
  const filled = new Map();
  const fillOnce = (key, fill) => {
    if (!filled.has(key)) filled.set(key, fill());
    return filled.get(key);
  };
  const fill = (name, subject, count) =>
    byName.get(name).call('publish', { subject, count, window: 256, payloadBytes });

  return {
    contestants,
    freshSubject,
    makeStream,
    contestant: (name) => byName.get(name),
    filledStream: (count) =>
      fillOnce('stream', async () => {
        const place = await makeStream(freshSubject('filled'));
        await fill('raw pull', place.subject, count);
        return place;
      }),
    filledChannel: (count) =>
      fillOnce('channel', async () => {
        const subject = freshSubject('filled');
        await fill(stan, subject, count);
        return { subject };
      }),
    makeConsumer: async ({ stream, subject }) => {
      if (stream === undefined) return {};
      const consumer = freshSubject('reader');
      const config = { durable_name: consumer, ack_policy: 'explicit', deliver_policy: 'all', filter_subject: subject };
      await manager.consumers.add(stream, { ...config, max_ack_pending: maxInFlight });
      return { consumer };
    },
    close: async () => {
      await Promise.all(running.map((contestant) => contestant.close()));
      await connection.close();
      nats.close();
      await streaming.close();
    },
  };
}

/** Told, and the run goes on. */
function onFailure(error) {
  console.error(`  failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

function report(rows, contestants, { rounds, json, markdown }, machine) {
  const { cpu: processor, cores, memoryGiB, os, node, loadAverage } = machine;
  console.log(
    `\nnats-server and nats-streaming-server, memory stores, ${processor} (${cores} cores, ${memoryGiB} GiB)`,
  );
  console.log(`${os}, Node ${node}; load before the run ${loadAverage.join(' ')}`);
  console.log('median of the rounds (least–greatest)  ×ratio of the same round to');
  console.log('js.publish() in publishing, to the raw pull protocol in consuming\n');
  console.log(textTable(rows, contestants));
  console.log(`\n${judge(rows).join('\n')}`);
  if (json) writeJson(json, { rounds, machine, cases: rows });
  if (markdown) writeFileSync(markdown, `${markdownTable(rows, contestants)}\n`);
}

function judge(rows) {
  return aims.flatMap(({ text, of, over, atLeast }) => {
    const ratioOf = (name) =>
      rows.find((row) => row.name.startsWith(of) && row.unit === perSecond.unit && row.contestant === name)?.ratioToRaw;
    const ratio = ratioOf('nestjs-stan driver') / ratioOf(over);
    return Number.isFinite(ratio) ? [`${ratio >= atLeast ? 'holds ' : 'missed'}  ${text}: ${ratio.toFixed(2)}`] : [];
  });
}
