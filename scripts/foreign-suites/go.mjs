// stan.go: its package has its tests in it, so the Go module proxy brings them. They link the server; `replace` puts a
// stand-in there that starts the program.
import { chmodSync, copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { additions, freshCopy, run } from './work-folder.mjs';

const module = 'github.com/nats-io/stan.go@v0.10.4';
const server = 'github.com/nats-io/nats-streaming-server';
const modfile = 'suite.mod';

export const goSuite = {
  name: 'stan.go',
  ports: [4222],
  prepare() {
    const { stdout } = run('go', ['mod', 'download', '-json', module], { cwd: additions });
    const folder = freshCopy('stan.go', JSON.parse(stdout).Dir);
    makeWritable(folder); // what Go keeps is read-only
    const requirements = readFileSync(join(folder, 'go_tests.mod'), 'utf8');
    writeFileSync(join(folder, modfile), `${requirements}\nreplace ${server} => ${join(additions, 'go')}\n`);
    copyFileSync(join(folder, 'go_tests.sum'), join(folder, 'suite.sum'));
    run('go', ['test', '-mod=mod', `-modfile=${modfile}`, '-c', '-o', 'suite.test', '.'], { cwd: folder });
    return folder;
  },
  test({ folder, env, log, only }) {
    const pattern = only ? `^(${only.join('|')})$` : '^Test';
    const args = [
      'tool',
      'test2json',
      join(folder, 'suite.test'),
      '-test.v',
      '-test.timeout=9m',
      `-test.run=${pattern}`,
    ];
    const { stdout } = run('go', args, { cwd: folder, env, mayFail: true, log });
    const events = stdout.split('\n').filter((line) => line.startsWith('{'));
    const outcomes = { pass: 'passed', fail: 'failed', skip: 'skipped' };
    return new Map(
      events
        .map((line) => JSON.parse(line))
        .filter(({ Action, Test }) => Test && !Test.includes('/') && outcomes[Action])
        .map(({ Action, Test }) => [Test, outcomes[Action]]),
    );
  },
};

function makeWritable(folder) {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) makeWritable(path);
    else chmodSync(path, 0o644);
  }
}
