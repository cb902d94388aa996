import { afterEach, describe, expect, it } from 'vitest';

import { hasDuplicateInProcess, noteClient } from '../../../../lib/drivers/stan/clients-of-process.js';

const orders = { clusterId: 'a', clientId: 'orders' };
const leavers: (() => void)[] = [];

function enter(identity: { clusterId: string; clientId: string }): () => void {
  const leave = noteClient(identity);
  leavers.push(leave);
  return leave;
}

describe('the clients of a process', () => {
  afterEach(() => leavers.splice(0).forEach((leave) => leave()));

  it('have a twin while two of them have one id on one cluster', () => {
    expect(hasDuplicateInProcess(orders)).toBe(false);
    enter(orders);
    expect(hasDuplicateInProcess(orders)).toBe(false);
    const leave = enter(orders);
    expect(hasDuplicateInProcess(orders)).toBe(true);
    leave();
    expect(hasDuplicateInProcess(orders)).toBe(false);
  });

  it('leave once, however often they say so', () => {
    const leaveFirst = enter(orders);
    enter(orders);
    leaveFirst();
    leaveFirst();
    enter(orders);
    expect(hasDuplicateInProcess(orders)).toBe(true);
  });

  it('leave nothing behind, so that the same id may come and go for as long as the process lives', () => {
    for (let round = 0; round < 3; round += 1) {
      const leave = enter(orders);
      expect(hasDuplicateInProcess(orders)).toBe(false);
      leave();
    }
    const registry = Reflect.get(globalThis, Symbol.for('nestjs-stan.clientsOfProcess')) as Map<string, number>;
    expect([...registry.keys()].filter((key) => key.includes('"orders"'))).toEqual([]);
  });

  it('are told apart by cluster and id, also where the two put together read the same', () => {
    enter({ clusterId: 'a', clientId: 'b","c' });
    enter({ clusterId: 'a","b', clientId: 'c' });
    enter({ clusterId: 'b', clientId: 'orders' });
    enter(orders);
    expect(hasDuplicateInProcess(orders)).toBe(false);
    expect(hasDuplicateInProcess({ clusterId: 'a', clientId: 'b","c' })).toBe(false);
  });
});
