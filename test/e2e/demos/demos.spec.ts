import { describe, expect, it } from 'vitest';
import { demosOn } from './demos.suite.js';
import { runDemo } from './run-demo.js';

describe('npm run demo', () => {
  demosOn('the embedded broker', () => Promise.resolve({}));

  it('says what there is when it is asked for something else', async () => {
    const unknown = await runDemo(['thrice']);
    expect(unknown.code).toBe(2);
    expect(unknown.output).toContain("no demo 'thrice'");
    const none = await runDemo([]);
    expect(none.code).toBe(2);
    expect(none.output).toContain('dead-client | fast-listener | twice | failing | all');
  });
});
