import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Tally } from '../../../sample-app/demos/books.js';
import type { Demo } from '../../../sample-app/demos/demo.js';
import { showDemo } from '../../../sample-app/demos/show-demo.js';

const clean: Tally = { events: 3, applied: 3, lost: 0, doubled: 0, outOfOrder: 0 };

function demoWith(naive: Tally, others: Tally): Demo {
  const listeners = (tally: Tally) => ({ text: ['text'], runs: [() => Promise.resolve({ title: 'some', tally })] });
  return {
    name: 'some-demo',
    title: 'for a test',
    listeners: { naive: listeners(naive), 'by hand': listeners(others), 'with the library': listeners(others) },
  };
}

describe('showing a demo', () => {
  beforeEach(() => {
    vi.spyOn(console, 'log').mockImplementation(() => undefined);
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('succeeds when all but the naive listener are clean, whatever that one did', async () => {
    expect(await showDemo(demoWith({ ...clean, lost: 2 }, clean))).toMatchObject({ succeeded: true });
  });

  it.each([{ lost: 1 }, { doubled: 1 }, { outOfOrder: 1 }])('fails when one of the others has %o', async (flaw) => {
    expect(await showDemo(demoWith(clean, { ...clean, ...flaw }))).toMatchObject({ succeeded: false });
  });

  it('fails when the demo breaks off', async () => {
    const broken = demoWith(clean, clean);
    const runs = [() => Promise.reject(new Error('no server'))];
    const listeners = { ...broken.listeners, 'with the library': { text: [], runs } };
    expect(await showDemo({ ...broken, listeners })).toMatchObject({ succeeded: false });
  });
});
