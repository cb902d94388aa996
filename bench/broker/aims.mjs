import { verdict } from '../harness/aims.mjs';
import { hasStanBench } from '../harness/stan-bench.mjs';
import { median, medianRatio } from '../harness/stats.mjs';
import { nameOf as nameOfListening } from './listening.mjs';
import { loads, nameOf } from './stan-bench.mjs';

/** The embedded broker is to be no slower than the real server, with the official Go client as load. */
const aims = ['MEMORY', 'FILE'].flatMap((store) =>
  loads.flatMap((load) =>
    ['published', ...(load.subscribers > 0 ? ['delivered'] : [])].map((way) => ({
      text: `${nameOf(load, store)}, ${way}, times the real server`,
      of: `${nameOf(load, store)}, ${way}`,
      atLeast: 1,
    })),
  ),
);

/** Tells of each aim whether it is met, or why it was not measured. */
export function judgeBrokerAims(rows, isWanted) {
  if (!isWanted) return [];
  return aims.map((aim) => {
    if (!hasStanBench) return `not run ${aim.text}: no .cache/bin/stan-bench (npm run server:install, needs Go)`;
    const row = rows.get(aim.of);
    const ratio = row === undefined ? null : medianRatio(row.embedded, row.real);
    return ratio === null ? `not run ${aim.text}: no nats-streaming-server` : verdict(aim, ratio);
  });
}

/** With the default store. */
export function judgeListening(rows) {
  const row = rows.get(nameOfListening('MEMORY'));
  if (row === undefined) return [];
  return [verdict({ text: '`nestjs-stan server`, process start to listening, ms', atMost: 100 }, median(row.embedded))];
}
