import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What a publish and a delivery ask and do for headers, traces, metrics and listeners, by file of the build, and what is
 * left of it where nothing of that exists. Each must be found exactly once: a build that has changed is not measured by
 * mistake.
 */
const observing = {
  'nest/client/client-stan.js': [
    [/if \(this\.observer\.isOn\(\)\) \{\s*this\.emitObserved\([^;]*;\s*return;\s*\}/, ''],
    [/ && !isStanRecord\(given\)/, ''],
  ],
  'nest/server/server-stan.js': [[/if \(!observer\.isOn\(\)\)\s*return /, 'return ']],
  'core/delivery/delivery-pipeline.js': [
    [/delivery\.startedAtMs = this\.setup\.hasListeners\(\)[^;]*;/, ''],
    [/if \(data instanceof DecodedEvent\) \{[^}]*\}/, ''],
    [/if \(delivery\.startedAtMs !== undefined && outcome !== 'skipped'\)\s*this\.emitHandled\(delivery\);/, ''],
  ],
};

/** Where the path of a delivery asks whether there are lanes. */
const lanes = {
  'core/delivery/delivery-pipeline.js': [
    [
      /if \(this\.lanes === undefined\)\s*this\.begin\(delivery, afterMs\);\s*else[^;]*;/,
      'this.begin(delivery, afterMs);',
    ],
    [
      /this\.lanes === undefined \? (this\.setup\.decode\(delivery\.message\)) : [^;]*;/,
      'this.setup.decode(delivery.message);',
    ],
    [/this\.lanes\?\.left\(delivery\);/, ''],
  ],
  'core/delivery/delivery-guard.js': [[/this\.onAcked\?\.\(delivery\);/, '']],
};

/** A copy of the build that shares no code with it: what one is asked to do does not show in the other. */
export function copyOf(lib, folder) {
  rmSync(folder, { recursive: true, force: true });
  cpSync(lib, folder, { recursive: true, filter: (path) => !path.endsWith('.map') && !path.endsWith('.d.ts') });
  return folder;
}

/** The same build in which the observing hooks are replaced by nothing. */
export function unobserved(lib, folder) {
  return cut(observing, lib, folder);
}

/** The same build in which a delivery never asks for lanes. */
export function withoutLanes(lib, folder) {
  return cut(lanes, lib, folder);
}

function cut(cuts, lib, folder) {
  copyOf(lib, folder);
  for (const [file, replacements] of Object.entries(cuts)) {
    const path = join(folder, file);
    let text = readFileSync(path, 'utf8');
    for (const [hook, nothing] of replacements) {
      const found = text.match(new RegExp(hook, 'g'))?.length ?? 0;
      if (found !== 1) throw new Error(`${file}: ${hook} was found ${found} times: adapt bench/observe/builds.mjs`);
      text = text.replace(hook, nothing);
    }
    writeFileSync(path, text);
  }
  return folder;
}
