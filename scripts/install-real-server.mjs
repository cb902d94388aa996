// Installs the real nats-streaming-server 0.25.6 into .cache/bin (git ignores it). Needs Go; prints where it is.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const VERSION = 'v0.25.6';
const bin = join(import.meta.dirname, '..', '.cache', 'bin');
const server = join(bin, 'nats-streaming-server');

if (!existsSync(server)) {
  mkdirSync(bin, { recursive: true });
  try {
    execFileSync('go', ['install', `github.com/nats-io/nats-streaming-server@${VERSION}`], {
      stdio: 'inherit',
      env: { ...process.env, GOBIN: bin },
    });
  } catch (error) {
    console.error(
      error.code === 'ENOENT'
        ? `Go was not found: install Go 1.21 or later, or put nats-streaming-server ${VERSION} into ${bin} yourself.`
        : `go install failed: ${error.message}`,
    );
    process.exit(1);
  }
}
console.log(server);
