import { describe, expect, it } from 'vitest';

import { resolveSubscriptionOptions } from '../../../../lib/core/options/index.js';
import type { StanSubscriptionOptions } from '../../../../lib/core/options/index.js';
import { countedHandlersOf, storeOf } from '../../../../lib/nest/server/counted-handlers.js';
import type { SubscribableHandler } from '../../../../lib/nest/server/registered-handler.js';
import { MemoryEventStore } from '../../../../lib/testing/memory-event-store.js';

const version = { stream: 'ticket', key: () => 'a', version: () => 0 };
const inbox = { id: 'header' } as const;

function handler(
  name: string,
  options: StanSubscriptionOptions,
  over: Partial<SubscribableHandler> = {},
): SubscribableHandler {
  return {
    ...{ name, declaredName: undefined, service: 'orders', serviceLasts: true, subject: `ticket:${name}` },
    callback: () => Promise.resolve(),
    options: resolveSubscriptionOptions(options, {}, { owner: name }),
    contract: undefined,
    ...over,
  };
}

describe('the handlers whose events count once', () => {
  it('are those with a version or an inbox', () => {
    const plain = handler('plain', {});
    const counted = [handler('created', { version }), handler('paid', { inbox })];
    expect(countedHandlersOf([plain, ...counted])).toEqual(counted);
  });

  for (const [option, options] of Object.entries({ version: { version }, inbox: { inbox } })) {
    it(`may not count in the name of a client id that is new at each start, with ${option}`, () => {
      const lost = handler('created', options, { service: 'client-81c', serviceLasts: false });
      expect(() => countedHandlersOf([lost])).toThrow(
        expect.objectContaining({
          code: 'STAN_INVALID_OPTION',
          message: expect.stringMatching(new RegExp(`"${option}" of created: .*queueGroup.*client-81c`)) as string,
        }),
      );
    });
  }

  it('may count in a name of their own, where the client id is new at each start', () => {
    const named = handler('paid', { inbox: { ...inbox, consumer: 'books' } }, { serviceLasts: false });
    expect(countedHandlersOf([named])).toEqual([named]);
  });

  for (const other of [{ first: 1 }, { mode: 'latest' as const }]) {
    it(`of one service have the same rules for a stream, other than ${JSON.stringify(other)} beside none`, () => {
      const two = [handler('created', { version }), handler('updated', { version: { ...version, ...other } })];
      expect(() => countedHandlersOf(two)).toThrow(
        expect.objectContaining({
          code: 'STAN_INVALID_OPTION',
          message: expect.stringMatching(/updated.*created/) as string,
        }),
      );
      const [created, updated] = two as [SubscribableHandler, SubscribableHandler];
      expect(countedHandlersOf([created, { ...updated, service: 'billing' }])).toHaveLength(2);
    });
  }

  it('of one service may share a stream on several subjects, with the same rules', () => {
    const two = [handler('created', { version }), handler('updated', { version })];
    expect(countedHandlersOf(two)).toEqual(two);
  });

  it('may not take the same versions, or ids, from each other', () => {
    const at = { subject: 'ticket:created' };
    for (const options of [{ version }, { inbox }]) {
      const two = [handler('one', options, at), handler('two', options, at)];
      expect(() => countedHandlersOf(two)).toThrow(
        expect.objectContaining({ code: 'STAN_HANDLER_CONFLICT', firstHandler: 'one', secondHandler: 'two' }),
      );
    }
    const shared = { inbox: { ...inbox, consumer: 'books' } };
    expect(() => countedHandlersOf([handler('one', shared), handler('two', shared)])).toThrow(/one.*two/s);
  });
});

describe('the event store of a server', () => {
  const needing = [handler('created', { version })];

  it('is none where no handler needs one, and then is not asked for', () => {
    const store = () => {
      throw new Error('asked for');
    };
    expect(storeOf({ store }, [])).toBeUndefined();
  });

  it('is the one that was given, or that the function gives', () => {
    const store = new MemoryEventStore();
    expect(storeOf({ store }, needing)).toBe(store);
    expect(storeOf({ store: () => store }, needing)).toBe(store);
  });

  for (const [what, store] of [
    ['nothing', undefined],
    ['a function that gives nothing', () => undefined as never],
    ['something else', { transaction: () => undefined } as never],
  ] as const) {
    it(`is missed by name of the handler and its option, where there is ${what}`, () => {
      expect(() => storeOf({ store }, needing)).toThrow(
        expect.objectContaining({
          code: 'STAN_INVALID_OPTION',
          message: expect.stringMatching(/"store".*version of created/) as string,
        }),
      );
      expect(() => storeOf({ store }, [handler('paid', { inbox })])).toThrow(/inbox of paid/);
    });
  }
});
