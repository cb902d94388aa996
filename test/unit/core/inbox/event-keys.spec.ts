import { describe, expect, it } from 'vitest';

import { entityOf, messageIdOf } from '../../../../lib/core/inbox/event-keys.js';
import type { InboxOptions, ResolvedVersionOptions } from '../../../../lib/core/options/counting-options.js';
import { resolveSubscriptionOptions } from '../../../../lib/core/options/index.js';

const message = {
  ...{ subject: 'ticket:updated', sequence: 7, timestampNs: 1_700_000_000_000_000_000, headerText: '' },
  ...{ data: Buffer.from('{}'), redelivered: false, redeliveryCount: 0, native: undefined },
};
const notKeys = [undefined, null, '', 5, 'k'.repeat(201), 'a\0b', '\ud800'];

function versionOptions(over: Partial<ResolvedVersionOptions> = {}): ResolvedVersionOptions {
  const given = { stream: 'ticket', key: () => 'a', version: () => 3, ...over };
  const { version } = resolveSubscriptionOptions({ version: given }, {}, { owner: 'updated' });
  if (version === undefined) throw new Error('no version');
  return version;
}

const entity = (over: Partial<ResolvedVersionOptions>, data: unknown = {}) =>
  entityOf(versionOptions(over), 'orders', data, message);

describe('the entity and version of an event', () => {
  it('are what the options take from its payload', () => {
    const key = ({ id }: { id: string }) => id;
    const version = ({ n }: { n: number }) => n;
    expect(entity({ key, version }, { id: 'k'.repeat(200), n: 5 })).toEqual({
      ...{ consumer: 'orders', stream: 'ticket', key: 'k'.repeat(200), version: 5 },
      ...{ first: 0, mode: 'every', unknownKey: 'first' },
    });
  });

  it('may have the first version of the stream, and none below', () => {
    expect(entity({ first: 5, version: () => 5 }).version).toBe(5);
    expect(() => entity({ first: 5, version: () => 4 })).toThrow(/version\.version.*a safe integer from 5.*4/);
  });

  for (const version of [undefined, '3', 1.5, -1, Number.NaN, 2 ** 53]) {
    it(`have no version ${String(version)} of type ${typeof version}`, () => {
      expect(() => entity({ version: () => version as number })).toThrow(
        expect.objectContaining({ code: 'STAN_UNUSABLE_KEY', subject: 'ticket:updated', sequence: 7 }),
      );
    });
  }

  for (const key of notKeys) {
    it(`have no key ${JSON.stringify([key]).slice(0, 12)}`, () => {
      expect(() => entity({ key: () => key as string })).toThrow(
        expect.objectContaining({ code: 'STAN_UNUSABLE_KEY', option: 'version.key' }),
      );
    });
  }

  it('are unusable where the option throws, with what it has thrown as the cause', () => {
    const cause = new TypeError('no id');
    const key = () => {
      throw cause;
    };
    expect(() => entity({ key })).toThrow(expect.objectContaining({ code: 'STAN_UNUSABLE_KEY', cause }));
  });
});

describe('the id of an event', () => {
  const idOf = (id: InboxOptions['id'], headers?: ReadonlyMap<string, string>, data: unknown = {}) =>
    messageIdOf({ id }, data, { message, headers, ack: () => undefined, isSettled: () => false });

  it('is the one in its headers', () => {
    expect(idOf('header', new Map([['id', 'e1']]))).toBe('e1');
  });

  it('is missed in its headers by subject and sequence', () => {
    expect(() => idOf('header')).toThrow(
      expect.objectContaining({ code: 'STAN_MISSING_EVENT_ID', subject: 'ticket:updated', sequence: 7 }),
    );
  });

  it('is that of its delivery: subject, sequence and the nanosecond it was stored at', () => {
    expect(idOf('delivery')).toBe('ticket:updated/7@1700000000000000000');
  });

  it('is what the function takes from its payload', () => {
    expect(idOf((data: { id: string }) => data.id, undefined, { id: 'p1' })).toBe('p1');
  });

  for (const id of notKeys) {
    it(`is not ${JSON.stringify([id]).slice(0, 12)}`, () => {
      expect(() => idOf(() => id as string)).toThrow(expect.objectContaining({ code: 'STAN_UNUSABLE_KEY' }));
    });
  }
});
