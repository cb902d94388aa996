import { rotated } from '../harness/rounds.mjs';
import { rateOf, runStanBench } from '../harness/stan-bench.mjs';
import { measured, reportProcessorTime } from './cases.mjs';
import { startContestant } from './contestants.mjs';

const publishing = { publishers: 1, subscribers: 0, messages: 100_000 };
const delivering = { publishers: 4, subscribers: 4, messages: 40_000 };
export const loads = [publishing, delivering];

/** As the load is written on the command line. */
export function nameOf({ publishers, subscribers }, store) {
  return `stan-bench -np ${publishers} -ns ${subscribers}, ${store.toLowerCase()} store`;
}

let nextChannel = 1;

/** The official Go client's own benchmark against one running server per contestant, round after round. */
export async function stanBench(report, { contestants, rounds, share, store }) {
  const servers = await Promise.all(contestants.map((name) => startContestant(name, store)));
  try {
    for (const load of loads) {
      for (let round = 0; round <= rounds; round++) {
        for (const server of rotated(servers, round)) {
          const figures = await measureLoad(server, { ...load, messages: load.messages * share });
          if (round > 0) reportLoad(report, nameOf(load, store), server.name, figures); // round 0 warms up
        }
      }
    }
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

async function measureLoad(server, { publishers, subscribers, messages }) {
  const channel = `stan-bench.${nextChannel++}`;
  const load = ['-np', String(publishers), '-ns', String(subscribers), '-n', String(messages)];
  const args = ['-s', server.url, '-c', 'bench', '-id', channel.replace('.', '-'), ...load, channel];
  const { rate: output, processorTime } = await measured(server, messages, () => runStanBench(args));
  return { published: rateOf(output, 'Pub'), delivered: rateOf(output, 'Sub'), processorTime };
}

function reportLoad(report, name, contestant, { published, delivered, processorTime }) {
  report(`${name}, published`, 'messages/s', contestant, published);
  if (delivered !== undefined) report(`${name}, delivered`, 'messages/s', contestant, delivered);
  reportProcessorTime(report, name, contestant, processorTime);
}
