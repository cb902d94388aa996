// Starts what was built, on a port where nobody listens: it has to get as far as connecting.
const { spawn } = require('node:child_process');

const child = spawn(process.execPath, [process.argv[2]], { env: { ...process.env, NATS_URL: 'nats://127.0.0.1:1' } });
let output = '';
const look = (chunk) => {
  output += chunk;
  if (/127\.0\.0\.1:1/.test(output)) child.kill('SIGKILL');
};
child.stdout.on('data', look);
child.stderr.on('data', look);
const late = setTimeout(() => child.kill('SIGKILL'), 30_000);
child.once('exit', () => {
  clearTimeout(late);
  if (/127\.0\.0\.1:1/.test(output)) return;
  console.error(output || 'it said nothing');
  process.exitCode = 1;
});
