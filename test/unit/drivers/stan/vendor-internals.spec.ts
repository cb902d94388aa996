import { createRequire } from 'node:module';

import { describe, expect, it } from 'vitest';

import {
  assertConnectedClient,
  assertMadeClient,
  findAckObstacle,
  findObstacle,
  findUnusable,
} from '../../../../lib/drivers/stan/vendor-internals.js';
import type {
  NatsConnection,
  StanClient,
  StanSubscriptionObject,
} from '../../../../lib/drivers/stan/vendor-internals.js';

import { ScriptedClient, ScriptedNats } from './scripted-client.js';

const requireHere = createRequire(import.meta.url);
const versionIn = (path: string): string => (requireHere(path) as { version: string }).version;
const nats = {
  dependency: 'nats',
  version: versionIn(createRequire(requireHere.resolve('node-nats-streaming')).resolve('nats/package.json')),
  testedVersion: '1.4.12',
};
const stan = {
  dependency: 'node-nats-streaming',
  version: versionIn('node-nats-streaming/package.json'),
  testedVersion: '0.3.2',
};

// What the packages have of their own is seen only where it is missing: as in a version with other names for it.
const nothing = {};

describe('an internal of the NATS packages that is missing', () => {
  it.each([
    ['send', 'Client.sendCommand', 'a function', 'events and acks are sent by the publish() of the package'],
    ['receive', 'Client.processInbound', 'a function', 'events are parsed by the package itself'],
    ['selectServer', 'Client.selectServer', 'a function', 'server URLs are read by the package itself'],
  ] as const)('is named with package, versions and consequence: %s', (way, member, expected, consequence) => {
    const obstacle = findObstacle(way, nothing as NatsConnection);
    expect(obstacle).toMatchObject({ code: 'STAN_INCOMPATIBLE_DEPENDENCY', ...nats, member, expected });
    expect(obstacle?.message).toContain(`${member} must be ${expected}, got undefined; ${consequence}`);
  });

  it('ends the attempt where a client that was made, or has connected, cannot be used without it', () => {
    const check = (change: object) => () => {
      const client = new ScriptedClient();
      Object.assign(client, change);
      assertMadeClient(client as unknown as StanClient);
      assertConnectedClient(client as unknown as StanClient);
    };
    expect(check({})).not.toThrow();
    expect(check({ closeWithError: undefined })).toThrow('Stan.closeWithError');
    expect(check({ connId: undefined })).toThrow('Stan.connId');
    expect(check({ pingBytes: undefined })).toThrow('Stan.pingBytes');
    expect(check({ nc: Object.assign(new ScriptedNats(), { info: 'none' }) })).toThrow('Client.info');
  });

  it('is no matter of pings where the server knows none, nor of a connection that is gone', () => {
    const client = new ScriptedClient();
    Object.assign(client, { pingRequests: undefined, pingBytes: undefined, nc: undefined });
    expect(() => assertConnectedClient(client as unknown as StanClient)).not.toThrow();
  });

  it('is named where acks of publishes cannot be taken from the stream', () => {
    const obstacle = findAckObstacle({ ackSubscription: 'seven' } as unknown as StanClient);
    expect(obstacle).toMatchObject({ ...stan, member: 'Stan.ackSubscription', expected: 'a number' });
    expect(obstacle?.message).toContain('got "seven"; acks of publishes are parsed by the package itself');
    expect(findAckObstacle({ ackSubscription: 7 } as unknown as StanClient)).toBeUndefined();
  });

  it('is named without a consequence where nothing works without it', () => {
    const problem = findUnusable(nothing as StanSubscriptionObject);
    expect(problem).toMatchObject({ ...stan, member: 'Subscription.ackInbox', expected: 'a string' });
    expect(problem?.message).toContain('got undefined; install node-nats-streaming 0.3.2');
    expect(findUnusable({ ackInbox: '_STAN.acks' } as StanSubscriptionObject)).toBeUndefined();
  });
});
