/**
 * `npm run listen`, `npm run publish`: runs one of the programs, and again when a source has changed or when somebody
 * types `rs`. Everything else that is typed goes to the program.
 */
import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildWhenNeeded, project } from './build-when-needed.mjs';

const [program, ...words] = process.argv.slice(2);

let child;
let exitCode = 0;
let inputIsOpen = true;
let stopping = false;
let restartIsAsked = false;
let restarting = Promise.resolve();
let quiet;

if (!buildWhenNeeded()) process.exit(1);
start();
for (const folder of ['lib', 'sample-app']) watch(join(project, folder), { recursive: true }, changed);

const terminal = createInterface({ input: process.stdin });
terminal.on('line', (line) => {
  if (line.trim() === 'rs') restart();
  else child?.stdin?.write(`${line}\n`);
});
terminal.on('close', () => {
  inputIsOpen = false;
  child?.stdin?.end();
  endWhenNothingIsLeft();
});

// The program is in the same process group: Ctrl-C has reached it as well, and this process waits for it.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    stopping = true;
    child?.kill(signal);
    endWhenNothingIsLeft();
  });
}

function start() {
  const file = join(project, 'dist', 'sample-app', 'cli', `${program}.js`);
  const started = spawn(process.execPath, [file, ...words], { stdio: ['pipe', 'inherit', 'inherit'] });
  started.stdin.on('error', () => undefined);
  if (!inputIsOpen) started.stdin.end();
  child = started;
  started.once('exit', (code) => {
    child = undefined;
    exitCode = code ?? 0;
    endWhenNothingIsLeft();
    if (inputIsOpen && !restartIsAsked) console.log('(type rs to run it again, Ctrl-C to end)');
  });
}

/** Nobody can type `rs` any more: then the program is run once, and its exit code is ours. */
function endWhenNothingIsLeft() {
  if (!child && (stopping || !inputIsOpen)) process.exit(exitCode);
}

function changed(_kind, file) {
  if (!file?.endsWith('.ts')) return;
  clearTimeout(quiet);
  quiet = setTimeout(() => {
    console.log('(a source has changed)');
    if (buildWhenNeeded()) restart();
  }, 300);
}

function restart() {
  restartIsAsked = true;
  restarting = restarting.then(async () => {
    const running = child;
    if (running) await new Promise((resolve) => running.once('exit', resolve).kill('SIGTERM'));
    restartIsAsked = false;
    if (!stopping) start();
  });
}
