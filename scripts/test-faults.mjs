// Breaks servers: npm run test:faults; with `-- --store sql` the real server alone, on its SQL store in a Postgres that is
// started for it, and its contract tests as well. What else is given goes to Vitest, a file for instance.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values, tokens } = parseArgs({
  options: { store: { type: 'string', default: 'file' } },
  strict: false,
  tokens: true,
});
const { store } = values;
if (store !== 'file' && store !== 'sql') {
  console.error(`--store: expected file or sql, got ${String(store)}`);
  process.exit(2);
}
const isOurs = (token) => token.kind === 'option' && token.name === 'store';
const taken = new Set(
  tokens.filter(isOurs).flatMap(({ index, inlineValue }) => (inlineValue ? [index] : [index, index + 1])),
);
const others = process.argv.slice(2).filter((_, index) => !taken.has(index));
const projects = others.includes('--project')
  ? []
  : ['faults', ...(store === 'sql' ? ['contract-real'] : [])].flatMap((name) => ['--project', name]);
const { status } = spawnSync('npx', ['vitest', 'run', ...projects, ...others], {
  stdio: 'inherit',
  env: { ...process.env, ...(store === 'sql' && { TEST_STORE: 'sql' }) },
});
process.exit(status ?? 1);
