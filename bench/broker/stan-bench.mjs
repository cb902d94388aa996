import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { rotated } from '../harness/rounds.mjs';
import { measured, reportProcessorTime } from './cases.mjs';
import { startContestant } from './contestants.mjs';

const program = join(import.meta.dirname, '..', '..', '.cache', 'bin', 'stan-bench');
const run = promisify(execFile);
const timeoutMs = 120_000;

/** False where the Go client's benchmark is not installed. */
export const hasStanBench = existsSync(program);

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
  const { rate: output, processorTime } = await measured(server, messages, async () => {
    const { stdout } = await run(program, args, { timeout: timeoutMs });
    return stdout;
  });
  return { published: rateOf(output, 'Pub'), delivered: rateOf(output, 'Sub'), processorTime };
}

/** Of all publishers, or all subscribers, together: messages per second from the first one's start to the last one's end. */
function rateOf(output, side) {
  const [, rate] = new RegExp(`^ ?${side} stats: ([\\d,]+) msgs/sec`, 'm').exec(output) ?? [];
  return rate === undefined ? undefined : Number(rate.replaceAll(',', ''));
}

function reportLoad(report, name, contestant, { published, delivered, processorTime }) {
  report(`${name}, published`, 'messages/s', contestant, published);
  if (delivered !== undefined) report(`${name}, delivered`, 'messages/s', contestant, delivered);
  reportProcessorTime(report, name, contestant, processorTime);
}
