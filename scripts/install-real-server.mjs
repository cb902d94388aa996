// Installs the real servers into .cache/bin (git ignores it): nats-streaming-server 0.25.6, and nats-server 2.15.2 for
// JetStream; and stan-bench, the load of the official Go client, for the benchmarks. Needs Go; prints where they are.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const programs = [
  { name: 'nats-streaming-server', module: 'github.com/nats-io/nats-streaming-server@v0.25.6' },
  { name: 'nats-server', module: 'github.com/nats-io/nats-server/v2@v2.15.2' },
  { name: 'stan-bench', module: 'github.com/nats-io/stan.go/examples/stan-bench@v0.10.4' },
];
const bin = join(import.meta.dirname, '..', '.cache', 'bin');

for (const { name, module } of programs) {
  const program = join(bin, name);
  if (!existsSync(program)) install(module);
  console.log(program);
}

function install(module) {
  mkdirSync(bin, { recursive: true });
  try {
    execFileSync('go', ['install', module], { stdio: 'inherit', env: { ...process.env, GOBIN: bin } });
  } catch (error) {
    console.error(
      error.code === 'ENOENT'
        ? `Go was not found: install Go, or put ${module} into ${bin} yourself.`
        : `go install ${module} failed: ${error.message}`,
    );
    process.exit(1);
  }
}
