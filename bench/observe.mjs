/**
 * What it costs to be looked at, and what it costs not to be: processor time per event of a publish and of a delivery,
 * without network and server. Two comparisons, each of builds that take turns in the same processes:
 *
 * - nobody looks: this build against itself with the observing hooks replaced by nothing, and against a second copy of
 *   itself, which shows how far two equal builds differ by chance;
 * - somebody looks: listeners of `on()`, and subscribers of the diagnostics channels, against nobody.
 *
 * Turns are short (2 000 events, a few ms), so that whatever else the machine does meets both of a pair.
 * `--processes 6 --rounds 400 --events 2000`, and `--against <dist/lib of another build>` for a comparison with that alone.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { copyOf, unobserved } from './observe/builds.mjs';
import { compareBuilds } from './observe/compare-builds.mjs';

const { values } = parseArgs({
  options: {
    processes: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '400' },
    events: { type: 'string', default: '2000' },
    against: { type: 'string' },
  },
});
const root = join(import.meta.dirname, '..');
const lib = join(root, 'dist', 'lib');
const folder = join(root, '.cache', 'bench-observe');
const copy = (name, from = lib) => copyOf(from, join(folder, name));

const comparisons =
  values.against === undefined
    ? [
        [
          { name: 'hooks replaced by nothing', lib: unobserved(lib, join(folder, 'unobserved')) },
          { name: 'nobody looks', lib: copy('plain') },
          { name: 'nobody looks, second copy', lib: copy('second') },
        ],
        [
          { name: 'nobody looks', lib: copy('plain') },
          { name: 'listeners of on()', lib: copy('listeners'), look: 'listeners' },
          { name: 'diagnostics channels', lib: copy('channels'), look: 'channels' },
        ],
      ]
    : [
        [
          { name: 'the other build', lib: copy('other', values.against) },
          { name: 'this build', lib: copy('plain') },
          { name: 'this build, second copy', lib: copy('second') },
        ],
      ];

for (const ways of comparisons) await compareBuilds(ways, values);
