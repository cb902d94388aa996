import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { connectionDefaults, reconnectDefaults } from '../../../../lib/core/options/connection-options.js';
import { monitoringDefaults } from '../../../../lib/monitoring/monitoring-options.js';
import { publishDefaults } from '../../../../lib/core/options/publish-options.js';
import { drainDefaults } from '../../../../lib/core/options/server-options.js';
import { retryDefaults, subscriptionDefaults } from '../../../../lib/core/options/subscription-options.js';

const folder = new URL('../../../../lib/core/options/', import.meta.url);

/** Said in words, since they depend on another option; resolve-subscription-options.spec.ts shows them. */
const dependent: Readonly<Record<string, string>> = {
  concurrency: 'maxInFlight',
  onUndecodable: "'deadLetter' where one is set, else 'leave'",
};

const groups: readonly [file: string, interfaceName: string, defaults: Readonly<Record<string, unknown>>][] = [
  ['connection-options.ts', 'ReconnectOptions', reconnectDefaults],
  ['connection-options.ts', 'StanConnectionOptions', connectionDefaults],
  ['../../monitoring/monitoring-options.ts', 'StanMonitoringOptions', monitoringDefaults],
  ['publish-options.ts', 'StanPublishOptions', publishDefaults],
  ['server-options.ts', 'StanDrainOptions', drainDefaults],
  ['subscription-options.ts', 'RetryOptions', retryDefaults],
  ['subscription-options.ts', 'StanSubscriptionOptions', subscriptionDefaults],
];

interface DocumentedOption {
  readonly name: string;
  readonly text: string;
}

function documentedOptions(file: string, interfaceName: string): DocumentedOption[] {
  const source = readFileSync(new URL(file, folder), 'utf8');
  const [, body = ''] = new RegExp(`export interface ${interfaceName} [^{]*\\{\\n(.*?)\\n\\}`, 's').exec(source) ?? [];
  const options = body.matchAll(/\/\*\*(.*?)\*\/\s+readonly (\w+)\??:/gs);
  return [...options].map(([, text = '', name = '']) => ({ name, text: text.replace(/^\s*\* ?/gm, '') }));
}

function written(value: unknown): string {
  if (typeof value === 'function') return String(value);
  return typeof value === 'string' ? `'${value}'` : String(value);
}

describe.each(groups)('%s, %s', (file, interfaceName, defaults) => {
  const options = documentedOptions(file, interfaceName);

  it('documents every default as it is, and no other', () => {
    const documented = options.flatMap(({ name, text }) => {
      const value = /^@defaultValue (.+)$/m.exec(text)?.[1];
      return value === undefined ? [] : [[name, value] as const];
    });
    const expected = [...Object.entries(defaults).map(([name, value]) => [name, written(value)] as const)];
    for (const [name, words] of Object.entries(dependent)) {
      if (options.some((option) => option.name === name)) expected.push([name, words]);
    }
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(expected));
  });

  it('gives every option its source and its error', () => {
    expect(options.length).toBeGreaterThan(0);
    for (const { text } of options) {
      expect(text).toMatch(/^Source: \S/m);
      expect(text).toMatch(/^@throws InvalidOptionError \(STAN_INVALID_OPTION\)/m);
    }
  });
});
