import { describe, expect, it } from 'vitest';

import { IncompatibleDependencyError } from '../../../../lib/core/errors/index.js';
import { createStanClient, refusePingTimer } from '../../../../lib/drivers/stan/stan-client.js';
import type { StanClient } from '../../../../lib/drivers/stan/vendor-internals.js';
import { ScriptedClient } from './scripted-client.js';

describe('a client of the vendor', () => {
  it('is made for a cluster and an id, with the options', () => {
    const client = new ScriptedClient();
    const given: unknown[] = [];
    const options = { url: 'nats://127.0.0.1:4222' };
    const made = createStanClient('test-cluster', 'orders', options, (...parameters) => {
      given.push(...parameters);
      return client;
    });
    expect(made).toBe(client);
    expect(given).toEqual(['test-cluster', 'orders', options]);
    expect(client.closeCount).toBe(0);
  });

  it('that lacks what the driver cannot do without is refused, and nothing of it stays open', () => {
    const client = new ScriptedClient();
    Object.assign(client, { removeAck: undefined });
    expect(() => createStanClient('test-cluster', 'orders', {}, () => client)).toThrow(IncompatibleDependencyError);
    expect(client.closeCount).toBe(1);
    // It may still fail to connect: an error that nobody listens to would end the process.
    expect(client.emit('error', new Error('Could not connect'))).toBe(true);
  });

  it('that was ended keeps no ping timer, however often it is given one', () => {
    const client = new ScriptedClient() as unknown as StanClient;
    refusePingTimer(client);
    refusePingTimer(client);
    Object.assign(client, { pingTimer: setTimeout(() => undefined, 60_000) });
    expect(client.pingTimer).toBeUndefined();
  });
});
