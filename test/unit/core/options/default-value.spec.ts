import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ChannelLimits } from '../../../../lib/broker/options/broker-limits.js';
import { StanBrokerOptions } from '../../../../lib/broker/options/stan-broker.options.js';
import { InboxOptions, VersionOptions } from '../../../../lib/core/options/counting-options.js';
import { ReconnectOptions, StanConnectionOptions } from '../../../../lib/core/options/connection-options.js';
import { StanPublishOptions } from '../../../../lib/core/options/publish-options.js';
import { OwnClientOptions, OwnServerOptions, StanDrainOptions } from '../../../../lib/core/options/server-options.js';
import {
  DeadLetterOptions,
  RetryOptions,
  StanSubscriptionOptions,
} from '../../../../lib/core/options/subscription-options.js';
import { namesOf } from '../../../../lib/core/option-rules/option-group.js';
import { StanMonitoringOptions } from '../../../../lib/monitoring/monitoring-options.js';

const folder = new URL('../../../../lib/core/options/', import.meta.url);

/** Said in words, since they depend on another option; resolve-subscription-options.spec.ts shows them. */
const dependent: Readonly<Record<string, string>> = {
  concurrency: 'maxInFlight',
  consumer: 'service and subject, as `orders/payment:created`',
  onUndecodable: "'deadLetter' where one is set, else 'leave'",
};

const groups: readonly [file: string, group: new () => object][] = [
  ['connection-options.ts', ReconnectOptions],
  ['connection-options.ts', StanConnectionOptions],
  ['../../monitoring/monitoring-options.ts', StanMonitoringOptions],
  ['publish-options.ts', StanPublishOptions],
  ['server-options.ts', StanDrainOptions],
  ['server-options.ts', OwnServerOptions],
  ['server-options.ts', OwnClientOptions],
  ['subscription-options.ts', RetryOptions],
  ['subscription-options.ts', DeadLetterOptions],
  ['subscription-options.ts', StanSubscriptionOptions],
  ['counting-options.ts', VersionOptions],
  ['counting-options.ts', InboxOptions],
];

const brokerGroups: typeof groups = [
  ['../../broker/options/stan-broker.options.ts', StanBrokerOptions],
  ['../../broker/options/broker-limits.ts', ChannelLimits],
];

interface DocumentedOption {
  readonly name: string;
  readonly text: string;
}

function documentedOptions(file: string, className: string): DocumentedOption[] {
  const source = readFileSync(new URL(file, folder), 'utf8');
  const [, body = ''] = new RegExp(`export class ${className} [^{]*\\{\\n(.*?)\\n\\}`, 's').exec(source) ?? [];
  const options = body.matchAll(/\/\*\*(.*?)\*\/\s+(?:@[^\n]*\n\s+)*(?:declare )?readonly (\w+)\??:/gs);
  return [...options].map(([, text = '', name = '']) => ({ name, text: text.replace(/^\s*\* ?/gm, '') }));
}

function written(value: unknown): string {
  if (typeof value === 'function') return String(value);
  return typeof value === 'string' ? `'${value}'` : String(value);
}

describe.each([...groups, ...brokerGroups])('%s, %o', (file, group) => {
  const options = documentedOptions(file, group.name);

  it('documents every default as it is, and no other', () => {
    const documented = options.flatMap(({ name, text }) => {
      const value = /^@defaultValue (.+)$/m.exec(text)?.[1];
      return value === undefined ? [] : [[name, value] as const];
    });
    const expected = [...Object.entries(new group()).map(([name, value]) => [name, written(value)] as const)];
    for (const [name, words] of Object.entries(dependent)) {
      if (options.some((option) => option.name === name)) expected.push([name, words]);
    }
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(expected));
  });

  it('gives every option a docstring and a rule', () => {
    expect(options.map(({ name }) => name)).toEqual(namesOf(group));
  });
});

describe.each(groups)('%s, %o', (file, group) => {
  const options = documentedOptions(file, group.name);

  it('gives every option its source and its error', () => {
    expect(options.length).toBeGreaterThan(0);
    for (const { text } of options) {
      expect(text).toMatch(/^Source: \S/m);
      expect(text).toMatch(/^@throws InvalidOptionError \(STAN_INVALID_OPTION\)/m);
    }
  });
});
