import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Tally } from '../../../sample-app/demos/books.js';
import type { Demo } from '../../../sample-app/demos/demo.js';
import { showDemo } from '../../../sample-app/demos/show-demo.js';

const clean: Tally = { events: 3, applied: 3, lost: 0, doubled: 0, outOfOrder: 0 };

function demoWith(naive: Tally, guarded: Tally): Demo {
  return {
    name: 'some-demo',
    title: 'for a test',
    harm: ['harm'],
    naive: [async () => ({ title: 'naive', guarded: false, tally: naive })],
    cure: ['cure'],
    guarded: [async () => ({ title: 'versions', guarded: true, tally: guarded })],
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

  it('succeeds when the guarded variant is clean, whatever the naive one did', async () => {
    expect(await showDemo(demoWith({ ...clean, lost: 2 }, clean))).toBe(true);
  });

  it.each([{ lost: 1 }, { doubled: 1 }, { outOfOrder: 1 }])('fails when the guarded variant has %o', async (flaw) => {
    expect(await showDemo(demoWith(clean, { ...clean, ...flaw }))).toBe(false);
  });

  it('fails when the demo breaks off', async () => {
    const broken: Demo = { ...demoWith(clean, clean), guarded: [() => Promise.reject(new Error('no server'))] };
    expect(await showDemo(broken)).toBe(false);
  });
});
