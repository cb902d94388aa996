// stan.js: the npm package node-nats-streaming has no tests in it, so the repository is needed.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clonedSources, freshCopy, run } from './work-folder.mjs';

const runner = ['mocha@9.2.2', 'should@13.2.3', 'minimist@1.2.8'];

export const javascriptSuite = {
  name: 'stan.js',
  ports: [9876, 6789, 6790, 6791, 6792],
  prepare({ suiteDir }) {
    const source = clonedSources('stan.js', suiteDir, 'the npm package has no tests');
    const folder = freshCopy('stan.js', source);
    letServersTakeTheirTime(join(folder, 'test', 'support', 'stan_server_control.js'));
    const flags = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
    run('npm', ['install', '--omit=dev', ...flags], { cwd: folder });
    run('npm', ['install', '--no-save', ...flags, ...runner], { cwd: folder });
    return folder;
  },
  test({ folder, env, log, only }) {
    const report = join(folder, 'report.json');
    rmSync(report, { force: true });
    const args = ['--timeout', '10000', '--exit', '--reporter', 'json', '--reporter-option', `output=${report}`];
    if (only) args.push('--grep', only.map((title) => title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'));
    const mocha = join(folder, 'node_modules', '.bin', 'mocha');
    run(mocha, args, { cwd: folder, env: { ...env, NODE_ENV: 'test' }, mayFail: true, log });
    const { passes, failures, pending } = JSON.parse(readFileSync(report, 'utf8'));
    return new Map([
      ...passes.map(({ fullTitle }) => [fullTitle, 'passed']),
      ...pending.map(({ fullTitle }) => [fullTitle, 'skipped']),
      ...failures.map(({ fullTitle }) => [withoutHook(fullTitle), 'failed']),
    ]);
  },
};

/** A hook that fails is the failure of its test: `Suite "before each" hook for "should …"`. */
function withoutHook(title) {
  return title.replace(/"(?:before|after) (?:each|all)" hook(?: for "(.*)")?$/, '$1');
}

/**
 * It says "wait for next try" up to 5 s, but gives up at the first, after 250 ms: on a busy machine that is a test of the
 * machine, not of the protocol.
 */
function letServersTakeTheirTime(file) {
  const text = readFileSync(file, 'utf8');
  const givesUp = /^ *finish\(new Error\('Problem connecting to server on port: .*$/m;
  if (!givesUp.test(text)) throw new Error(`${file} is not as expected: nothing that gives up at the first try`);
  writeFileSync(file, text.replace(givesUp, ''));
}
