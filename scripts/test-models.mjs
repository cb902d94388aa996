// Runs the models of delivery and publishing against random traces: npm run test:models -- --minutes 5
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '1' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error(`--minutes: expected a number above 0, got ${values.minutes}`);
  process.exit(2);
}
const files = [
  'test/unit/models',
  'test/unit/core/publishing/publish-ledger.property.spec.ts',
  'test/unit/nest/exotic',
];
const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'unit', ...files], {
  stdio: 'inherit',
  env: { ...process.env, MODEL_MINUTES: String(minutes) },
});
process.exit(status ?? 1);
