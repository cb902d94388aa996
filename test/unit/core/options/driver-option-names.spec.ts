import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { namesOf } from '../../../../lib/core/option-rules/option-group.js';
import { ReconnectOptions } from '../../../../lib/core/options/connection-options.js';
import { clientOptionGroups, serverOptionGroups } from '../../../../lib/core/options/server-options.js';
import { RetryOptions, StanSubscriptionOptions } from '../../../../lib/core/options/subscription-options.js';
import { stanOptionNames } from '../../../../lib/drivers/stan/stan-option-names.js';

const core = new URL('../../../../lib/core/', import.meta.url);
const { passedOn, setByDriver, otherNames } = stanOptionNames;

/** Names of ours too: the subject that a replay belongs to, and a setting of a subscription at the port. */
const ours = ['deadLetterSubject', 'manualAck'];

/** A single word, such as `url` or `timeout`, says nothing about whose it is. */
const isDistinctive = (name: string) => /[a-z][A-Z]/.test(name) && !ours.includes(name);

describe('the option names of a client', () => {
  it('stand beside its driver: core has none of them', () => {
    const theirs = [...passedOn, ...setByDriver, ...Object.values(otherNames).flat()].filter(isDistinctive);
    const files = readdirSync(core, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const found = files.flatMap((file) => {
      const code = readFileSync(new URL(file, core), 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
      const words = new Set(code.match(/\w+/g));
      return theirs.filter((name) => words.has(name)).map((name) => `${file}: ${name}`);
    });
    expect(files.length).toBeGreaterThan(100);
    expect(found).toEqual([]);
  });

  it('lead to options that there are', () => {
    const groups = [...serverOptionGroups, ...clientOptionGroups];
    const known = [...groups, ReconnectOptions, StanSubscriptionOptions, RetryOptions].flatMap(namesOf);
    const unknown = Object.keys(otherNames).filter((name) => !known.includes(name) && !passedOn.includes(name));
    expect(unknown).toEqual([]);
  });
});
