import { LmdbStore, StanBroker } from 'nestjs-stan/broker';
import { describe, expect, it } from 'vitest';

/** What `StanBroker.start` says to options that a caller without types may give. */
async function refusal(options: object): Promise<unknown> {
  const start = StanBroker.start({ port: false, ...options });
  return start.then(
    (broker) => broker.close(),
    (error: unknown) => error,
  );
}

describe('an option that the broker does not know', () => {
  it.each([
    [{ prot: 0 }, 'prot', '0', 'port'],
    [{ clusterid: 'a' }, 'clusterid', '{ port, clusterid }', 'clusterId'],
    [{ maxpayload: 1 }, 'maxpayload', '1', 'maxPayloadBytes'],
    [{ limit: {} }, 'limit', '{  }', 'limits'],
    [{ limits: { maxChanels: 5 } }, 'limits.maxChanels', '5', 'maxChannels'],
    [{ limits: { channels: { a: { maxMessage: 1 } } } }, "limits.channels['a'].maxMessage", '1', 'maxMessages'],
    [{ auth: { user: 'u', passwd: 'secret' } }, 'auth.passwd', '{ user, passwd }', 'pass'],
    [{ auth: { tokn: 'secret' } }, 'auth.tokn', '{ tokn }', 'token'],
  ])('%o is refused by name, with the nearest known one', async (options, option, received, nearest) => {
    const error = await refusal(options);
    expect(error).toMatchObject({ code: 'STAN_INVALID_OPTION', option, received, nearest, expected: 'a known option' });
    expect((error as Error).message).toContain(`did you mean "${nearest}"?`);
    expect((error as Error).message).not.toContain('secret');
  });

  it('is refused without a guess where no known one is close', async () => {
    const error = await refusal({ limits: { channels: { a: { maxChannels: 1 } } } });
    expect(error).toMatchObject({ option: "limits.channels['a'].maxChannels", nearest: undefined });
    expect((error as Error).message).not.toContain('did you mean');
  });

  it('of the file store is refused as well', () => {
    expect(() => new LmdbStore({ directry: 'data' } as never)).toThrow(
      expect.objectContaining({ option: 'store.directry', received: '{ directry }', nearest: 'directory' }) as Error,
    );
  });
});

describe('an option with a value that the broker cannot work with', () => {
  it.each([
    [{ port: 70_000 }, 'port', 'a port from 0 to 65535, or false'],
    [{ clusterId: 'a.b' }, 'clusterId', 'letters, digits, - and _'],
    [{ heartbeatIntervalMs: 0 }, 'heartbeatIntervalMs', 'a whole number, 1 or more'],
    [{ clock: 'fake' }, 'clock', "'real' or 'virtual'"],
    [{ limits: 5 }, 'limits', 'an object'],
    [{ limits: { maxChannels: -1 } }, 'limits.maxChannels', 'a whole number, 0 or more'],
    [{ limits: { channels: { 'a..b': {} } } }, 'limits.channels', 'channel names, with * and > as whole tokens'],
    [{ auth: { user: 'u' } }, 'auth', '{ user, pass } or { token }, none of them empty'],
    [{ auth: { token: '' } }, 'auth', '{ user, pass } or { token }, none of them empty'],
    [
      { store: 'disk' },
      'store',
      "'memory', a store such as new LmdbStore({ directory }), or a function that makes one",
    ],
  ])('%o is refused with what is wanted', async (options, option, expected) => {
    expect(await refusal(options)).toMatchObject({ code: 'STAN_INVALID_OPTION', option, expected });
  });

  it('is refused by the file store', () => {
    expect(() => new LmdbStore({ directory: '' })).toThrow(
      'option "store.directory": expected the path of a directory',
    );
  });
});
