import 'reflect-metadata';
import { deadClient } from './dead-client/dead-client.demo.js';
import type { Demo, Variant } from './demo.js';
import { runsOnGivenServer } from './demo-server.js';
import { failing } from './failing.demo.js';
import { fastListener } from './fast-listener.demo.js';
import { showDemo } from './show-demo.js';
import { bold, summaryOf } from './table.js';
import { twice } from './twice.demo.js';

const demos: readonly Demo[] = [deadClient, fastListener, twice, failing];

const usage = `Usage: npm run demo -- ${demos.map(({ name }) => name).join(' | ')} | all

Each demo shows one of the four concurrency issues of an event bus in numbers: with a naive listener, with a solution
written by hand, and with the library. The demos run on an embedded STAN server whose clock they control; with NATS_URL
(and NATS_CLUSTER_ID) they run on that server, in real time. The exit code is 1 if a column other than naive is not
clean.`;

const wanted = process.argv.slice(2);
const chosen = wanted.includes('all') ? demos : demos.filter(({ name }) => wanted.includes(name));
const unknown = wanted.filter((name) => name !== 'all' && !demos.some((demo) => demo.name === name));

if (wanted.includes('--help') || wanted.includes('-h')) {
  console.log(usage);
} else if (unknown.length > 0 || chosen.length === 0) {
  console.error(unknown.length > 0 ? `There is no demo '${unknown.join("', '")}'.\n\n${usage}` : usage);
  process.exitCode = 2;
} else {
  console.log(
    `On ${runsOnGivenServer() ? (process.env['NATS_URL'] ?? '') : 'an embedded STAN server, its clock moved by the demo'}.`,
  );
  const shown: [string, readonly Variant[]][] = [];
  for (const demo of chosen) {
    const { variants, succeeded } = await showDemo(demo);
    if (!succeeded) process.exitCode = 1;
    shown.push([demo.name, variants]);
  }
  if (shown.length > 1) console.log(`\n${bold('in short')}\n\n${summaryOf(shown)}\n`);
}
